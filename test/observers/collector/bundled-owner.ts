/** Opens a collector as a bundled program does, and prints when it has been told something. */
import { orders, subscription } from './orders.ts';

// As the command line does: then it is in a file of its own beside the program.
const { openCollector } = await import('../../../src/observers/index.ts');

const collector = await openCollector({ host: '127.0.0.1', port: 0 });
const crossed = new Promise((resolve) => collector.onCrossing(resolve));
await collector.put(subscription(orders.crossAtTicks));
await crossed;
await collector.close();
console.log('opened, crossed and closed');
