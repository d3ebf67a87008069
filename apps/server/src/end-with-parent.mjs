// Loaded first into a process that must not outlive the one that started it: the agent beside the server, and a program
// that a wrapper runs with the pinned Node. When the other is gone, however it ended, this one is asked to end as well.
// Plain JavaScript, because in the agent's process nothing of ours is loaded besides.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel alone must not keep the agent alive.
process.channel?.unref();
