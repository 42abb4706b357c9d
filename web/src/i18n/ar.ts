import conversation from './conversation.ar.json';
import later from './later.ar.json';
import shell from './shell.ar.json';

export default { ...shell, ...later, ...conversation };
