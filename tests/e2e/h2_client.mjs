// Streams of one HTTP/2 connection at once, each with content of its own that
// comes back: h2_client.mjs URL STREAMS BYTES. Prints "N came back".
import { randomBytes } from 'node:crypto';
import { connect } from 'node:http2';

const [url, streams, bytes] = process.argv.slice(2);
const session = connect(url);

function echo() {
    const content = randomBytes(Number(bytes));
    return new Promise((resolve, reject) => {
        const stream = session.request({ ':method': 'POST', ':path': '/echo' });
        const parts = [];
        stream.on('error', reject);
        stream.on('data', (part) => parts.push(part));
        stream.on('end', () => resolve(content.equals(Buffer.concat(parts))));
        stream.end(content);
    });
}

const same = await Promise.all(Array.from({ length: Number(streams) }, echo));
console.log(`${same.filter(Boolean).length} came back`);
session.close();
