import conversation from './conversation.ar.json';
import shell from './shell.ar.json';

export default { ...shell, ...conversation };
