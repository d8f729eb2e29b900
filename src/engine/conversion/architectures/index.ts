import type { Architecture } from './architecture';
import { compact } from './compact';
import { dat } from './dat';
import { hat } from './hat';
import { realPlksr } from './realplksr';
import { rrdb } from './rrdb';
import { span } from './span';
import { swinIr } from './swinir';

/** All families whose weights can be read. */
export const architectures: readonly Architecture[] = [rrdb, span, realPlksr, compact, hat, swinIr, dat];
