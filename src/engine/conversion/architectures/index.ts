import type { Architecture } from './architecture';
import { compact } from './compact';
import { realPlksr } from './realplksr';
import { rrdb } from './rrdb';
import { span } from './span';

/** All families whose weights can be read. */
export const architectures: readonly Architecture[] = [rrdb, span, realPlksr, compact];
