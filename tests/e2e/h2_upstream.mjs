// An API that speaks HTTP/2 alone, over plain TCP. Prints "listening URL".
import { createServer } from 'node:http2';

const server = createServer();
server.on('stream', (stream, fields) => {
    stream.on('error', () => console.log('reset ' + fields[':path']));
    stream.respond({ ':status': 200 });
    if (fields[':path'] === '/echo')
        stream.pipe(stream);
    else if (fields[':path'] === '/endless')
        stream.write('begun');
    else
        stream.end('hello by HTTP/2');
});
server.on('session', (session) => session.on('close', () => console.log('session closed')));
server.listen(0, '127.0.0.1', () => {
    console.log(`listening http://127.0.0.1:${server.address().port}`);
});
