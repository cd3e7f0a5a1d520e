// The peer of bench/formats.py: brackets-manager on its in-memory store. Arguments: kind, number of entrants, runs.
// A run draws one stage and reports every match in the order of its ids; the first opponent always wins. Prints the matches
// played and the milliseconds of the best run, after three small ones to warm the compiler up; Node's own start is not in it.
// Which match is open is read from the store's array, which costs the peer nothing.
const { BracketsManager } = require('brackets-manager');
const { InMemoryDatabase } = require('brackets-memory-db');

async function playedOut(kind, size) {
    const store = new InMemoryDatabase();
    const manager = new BracketsManager(store);
    const seeding = Array.from({ length: size }, (_, at) => `Entrant ${at + 1}`);
    const begun = performance.now();
    await manager.create.stage({
        tournamentId: 0, name: 'Bench', type: kind, seeding,
        settings: { seedOrdering: ['inner_outer'], grandFinal: 'simple' },
    });
    let played = 0;
    for (const { id } of [...store.data.match]) {
        const { opponent1, opponent2 } = store.data.match[id];
        if (opponent1?.id == null || opponent2?.id == null) continue;
        await manager.update.match({ id, opponent1: { score: 2, result: 'win' }, opponent2: { score: 0 } });
        played += 1;
    }
    return { played, milliseconds: performance.now() - begun };
}

async function main(kind, size, runs) {
    for (let warm = 0; warm < 3; warm += 1) await playedOut(kind, 64);
    let best = null;
    for (let run = 0; run < runs; run += 1) {
        const now = await playedOut(kind, size);
        if (best === null || now.milliseconds < best.milliseconds) best = now;
    }
    console.log(JSON.stringify(best));
}

main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
