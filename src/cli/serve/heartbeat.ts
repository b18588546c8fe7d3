import cron from 'node-cron';

/** Calls the listener every second until the returned function is called. A beat that comes while one is at work is left out. */
export function subscribeToHeartbeat(listener: () => void): () => void {
  const task = cron.schedule('* * * * * *', listener, { timezone: 'UTC', noOverlap: true });
  return () => {
    void task.destroy();
  };
}
