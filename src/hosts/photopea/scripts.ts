/**
 * The scripts that Photopea runs for LWay: ES5, since its engine knows little more, and only calls that published
 * plug-ins use. Sizes may be numbers or values with a unit; documents and layers have no ids and no identity.
 */
export const separator = '\u0001';

const library = `
  function num(v) { return v && v.value !== undefined ? Number(v.value) : parseFloat(v); }
  function box(b) { return [num(b[0]), num(b[1]), num(b[2]), num(b[3])].join(','); }
  function trace(d) { return d.name + '\\u0002' + num(d.width) + '\\u0002' + num(d.height); }
  function find(t) {
    if (app.documents.length === 0) return null;
    if (trace(app.activeDocument) === t) return app.activeDocument;
    for (var i = 0; i < app.documents.length; i++) if (trace(app.documents[i]) === t) return app.documents[i];
    return null;
  }
  function named(list, name) {
    for (var i = 0; i < list.length; i++) {
      if (list[i].name === name) return list[i];
      var inner = list[i].layers ? named(list[i].layers, name) : null;
      if (inner) return inner;
    }
    return null;
  }
  function layerOf(d, name) {
    return d.activeLayer && d.activeLayer.name === name ? d.activeLayer : named(d.layers, name);
  }
  function quiet(f) { try { f(); } catch (e) {} }`;

/** A script that answers under `token`: `=` with its values, or `!` with what went wrong. */
export function wrap(token: string, body: string): string {
  return `(function () {
  var out = [], mark = ${text(token)};
  try {${library}
${body}
    app.echoToOE(mark + '\\u0001=' + (out.length ? '\\u0001' + out.join('\\u0001') : ''));
  } catch (e) { app.echoToOE(mark + '\\u0001!\\u0001' + e); }
})();`;
}

/** A text in ES5; JSON's two line ends that ES5 does not allow in a text are written as escapes. */
function text(value: string): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}

/** Puts out nothing, or: trace, name, width, height, selection, layer's name, its bounds, 1 for a group. */
export const describeScript = `
    if (app.documents.length > 0) {
      var d = app.activeDocument, l = d.activeLayer, s = null, b = '';
      quiet(function () { s = d.selection.bounds; });
      // Not to be had while something is selected.
      if (l) quiet(function () { b = box(l.bounds); });
      out.push(trace(d), d.name, num(d.width), num(d.height), s ? box(s) : '', l ? l.name : '', b,
        l && (l.typename === 'LayerSet' || (l.layers && l.layers.length !== undefined)) ? 1 : 0);
    }`;

/** Saves the active layer alone, at its place in the document, as PNG; the document itself is not touched. */
export function exportScript(trace: string): string {
  return `
    var d = find(${text(trace)});
    if (!d) throw 'the document is gone';
    var t = app.documents.add(num(d.width), num(d.height), num(d.resolution) || 72, 'LWay');
    try {
      app.activeDocument = d;
      d.activeLayer.duplicate(t, ElementPlacement.INSIDE);
      app.activeDocument = t;
      t.layers[t.layers.length - 1].remove();
      quiet(function () { t.layers[0].opacity = 100; });
      quiet(function () { t.layers[0].blendMode = BlendMode.NORMAL; });
      quiet(function () { t.layers[0].visible = true; });
      t.saveToOE('png');
    } finally {
      t.close(SaveOptions.DONOTSAVECHANGES);
      app.activeDocument = d;
    }`;
}

/** Puts out 1 while document and layer are there, else 0; and how many documents are open. */
export function checkScript(trace: string, layer: string): string {
  return `
    var d = find(${text(trace)});
    out.push(d && layerOf(d, ${text(layer)}) ? 1 : 0, app.documents.length);`;
}

/** Puts out how many documents are open, and the active one's size. */
export const openedScript = `
    var n = app.documents.length;
    out.push(n, n ? num(app.activeDocument.width) : 0, n ? num(app.activeDocument.height) : 0);`;

/** Closes the active document if it is the result that was just opened. */
export function discardScript(width: number, height: number): string {
  return `
    var r = app.activeDocument;
    if (num(r.width) === ${width} && num(r.height) === ${height}) r.close(SaveOptions.DONOTSAVECHANGES);`;
}

export interface Insertion {
  trace: string;
  layer: string;
  name: string;
  /** New size of the document. */
  width: number;
  height: number;
  x: number;
  y: number;
}

/**
 * Takes the active document, the result, as a layer above its original into the enlarged document. What fails in the
 * middle is taken back through the history. Puts out 1, or 0 where the document has changed meanwhile.
 */
export function insertScript({ trace, layer, name, width, height, x, y }: Insertion): string {
  return `
    var r = app.activeDocument, result = trace(r), d = find(${text(trace)});
    var l = d ? layerOf(d, ${text(layer)}) : null;
    if (!l) { r.close(SaveOptions.DONOTSAVECHANGES); out.push(0); }
    else {
      app.activeDocument = d;
      var before = d.activeHistoryState, stage = 0;
      try {
        quiet(function () { d.selection.deselect(); });
        d.resizeImage(${width}, ${height}, null, ResampleMethod.BICUBIC);
        stage = 1;
        r = find(result);
        app.activeDocument = r;
        r.activeLayer.duplicate(d, ElementPlacement.PLACEATBEGINNING);
        r.close(SaveOptions.DONOTSAVECHANGES);
        stage = 2;
        app.activeDocument = d;
        var n = d.layers[0];
        n.name = ${text(name)};
        n.translate(${x}, ${y});
        // Where it cannot be moved, on top of everything is right for most documents.
        quiet(function () { n.move(layerOf({ layers: d.layers, activeLayer: null }, ${text(layer)}), ElementPlacement.PLACEBEFORE); });
        d.activeLayer = n;
        out.push(1);
      } catch (e) {
        if (stage < 2) quiet(function () { find(result).close(SaveOptions.DONOTSAVECHANGES); });
        app.activeDocument = d;
        d.activeHistoryState = before;
        throw e;
      }
    }`;
}

/** Names the document that was just opened, and its layer. */
export function nameScript(name: string): string {
  return `
    quiet(function () { app.activeDocument.name = ${text(name)}; });
    app.activeDocument.activeLayer.name = ${text(name)};`;
}
