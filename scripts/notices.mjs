// Writes THIRD-PARTY-NOTICES.txt into a build: name, version, licence and licence text of every package of which a file
// went into it. A package without a licence text fails the build, so that none is forgotten. Most of this file are texts that
// packages do not bring. Of the plugins for webpack, license-webpack-plugin (4.0.2) misses modules that are joined into one
// (13 of the page's 18 packages), and webpack-license-plugin (4.5.1) finds all, but brings eleven packages, writes a second
// file and would leave all the rest to us.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const mit = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** The Apache License 2.0 as another package brings it: the text is the same for all. */
const apache = () => {
  const text = readFileSync(new URL('../node_modules/typescript/LICENSE.txt', import.meta.url), 'utf8').trim();
  if (!text.startsWith('Apache License')) throw new Error('typescript no longer brings the Apache License');
  return text;
};

const bsd3 = (copyright) => `${copyright}

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

* Redistributions of source code must retain the above copyright notice, this list of conditions and the following
  disclaimer.
* Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.
* Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
  derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`;

/** Packages that name their licence but come without its text. */
const textless = {
  '@bufbuild/protobuf': [
    'Copyright 2021-2026 Buf Technologies, Inc. Apache-2.0, but for wire/varint.js, which is BSD-3-Clause.',
    bsd3('Copyright 2008 Google Inc. All rights reserved.'),
    apache(),
  ].join('\n\n'),
  'onnx-buf': mit('Eric Zhang'),
  'onnxruntime-common': mit('Microsoft Corporation'),
  'onnxruntime-web': `${mit('Microsoft Corporation')}
The WebAssembly files contain further software under its own licences; ONNX Runtime lists it in
https://github.com/microsoft/onnxruntime/blob/v1.30.0/ThirdPartyNotices.txt
`,
};

/** Licences of parts of packages, whose text stands in their sources only. */
const besides = {
  pako: `zlib licence, for lib/zlib:

(C) 1995-2013 Jean-loup Gailly and Mark Adler
(C) 2014-2017 Vitaly Puzrin and Andrey Tupitsin

This software is provided 'as-is', without any express or implied warranty. In no event will the authors be held liable
for any damages arising from the use of this software.

Permission is granted to anyone to use this software for any purpose, including commercial applications, and to alter it
and redistribute it freely, subject to the following restrictions:

1. The origin of this software must not be misrepresented; you must not claim that you wrote the original software. If
   you use this software in a product, an acknowledgment in the product documentation would be appreciated but is not
   required.
2. Altered source versions must be plainly marked as such, and must not be misrepresented as being the original software.
3. This notice may not be removed or altered from any source distribution.`,
};

/** Folder of the package that `file` belongs to, null for our own. */
function packageFolder(file) {
  const marker = `${sep}node_modules${sep}`;
  const at = file.lastIndexOf(marker);
  if (at < 0) return null;
  const parts = file.slice(at + marker.length).split(sep);
  return file.slice(0, at + marker.length) + parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join(sep);
}

function licenceText(folder, name) {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  return [text || textless[name], besides[name]].filter(Boolean).join('\n\n');
}

export class NoticesPlugin {
  /** @param extra packages whose files are copied into the build rather than imported */
  constructor(extra = []) {
    this.extra = extra;
  }

  apply(compiler) {
    const { Compilation, sources } = compiler.webpack;
    compiler.hooks.thisCompilation.tap('NoticesPlugin', (compilation) => {
      compilation.hooks.processAssets.tap(
        { name: 'NoticesPlugin', stage: Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL },
        () => {
          const folders = new Set(this.extra.map((name) => join(compiler.context, 'node_modules', name)));
          const collect = (module) => {
            const folder = module.resource && packageFolder(module.resource);
            if (folder) folders.add(folder);
            for (const inner of module.modules ?? []) collect(inner);
          };
          for (const module of compilation.modules) collect(module);
          const notices = [...folders]
            .filter((folder) => existsSync(join(folder, 'package.json')))
            .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .map(({ folder, name, version, license }) => {
              const text = licenceText(folder, name);
              if (!text)
                compilation.errors.push(new Error(`No licence text for ${name}: add it to scripts/notices.mjs.`));
              return `${name} ${version} (${license})\n${'-'.repeat(72)}\n${text}`;
            });
          const head = 'LWay contains the following software by others, under the licences given here.';
          // The networks come with every build.
          notices.push(readFileSync(join(compiler.context, 'models', 'NOTICES.txt'), 'utf8').trim());
          compilation.emitAsset(
            'THIRD-PARTY-NOTICES.txt',
            new sources.RawSource(`${[head, ...notices].join(`\n\n${'='.repeat(72)}\n`)}\n`),
          );
        },
      );
    });
  }
}
