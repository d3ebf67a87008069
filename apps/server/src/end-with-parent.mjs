// Loaded first into the process of the agent beside the server: when the server's process is gone, however it ended, the
// agent is asked to end as well. Plain JavaScript, because it runs in the agent's process and not in ours.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel alone must not keep the agent alive.
process.channel?.unref();
