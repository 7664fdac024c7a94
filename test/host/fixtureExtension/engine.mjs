// Stands for the real engine: a child of the extension host that lives until it is killed.
setInterval(() => {}, 60_000);
