package wire

import (
	"fmt"
	"io"
	"strconv"
	"sync"
)

// pieceSize is how much of a body is under way in this process.
const pieceSize = 32 << 10

// piece leaves room before and after its bytes for the framing of a chunk.
type piece [pieceRoom + pieceSize + pieceTail]byte

const (
	pieceRoom = 10 // a length in hex, CRLF
	pieceTail = 7  // CRLF, and the last chunk
)

var pieces = sync.Pool{New: func() any { return new(piece) }}

// sendBody passes the body on, piece by piece, and stops when the upstream has answered.
func (c *conn) sendBody(req *Request) error {
	p := pieces.Get().(*piece)
	defer pieces.Put(p)
	left := req.length
	for {
		data := p[pieceRoom : pieceRoom+pieceSize]
		if left >= 0 {
			data = data[:min(int64(len(data)), left)]
		}
		n, err := req.body.Read(data)
		end := err == io.EOF
		if err != nil && !end || end && int64(n) < left {
			return fmt.Errorf("%w: %w", ErrBody, err)
		}
		if left >= 0 {
			left -= int64(n)
			end = left == 0
		}
		if n == 0 && !end {
			continue // a chunk of nothing would be the last one
		}
		if _, err := c.Write(p.frame(n, req.length < 0, end)); err != nil {
			return broken("write request body", err)
		}
		if end {
			return nil
		}
		if c.socket.stirred() {
			return errAnswered
		}
	}
}

// errAnswered says that the upstream has answered before it had all of the request.
var errAnswered = fmt.Errorf("%w: before the request was complete", ErrAnswer)

// frame gives the bytes that stand for n bytes of a body: themselves, or a chunk (RFC 9112 §7.1), with the last one at the end.
func (p *piece) frame(n int, chunked, end bool) []byte {
	if !chunked {
		return p[pieceRoom : pieceRoom+n]
	}
	if n == 0 {
		return []byte("0\r\n\r\n")
	}
	var length [pieceRoom]byte
	head := append(strconv.AppendInt(length[:0], int64(n), 16), "\r\n"...)
	from := pieceRoom - len(head)
	copy(p[from:], head)
	framed := p[from : pieceRoom+n]
	framed = append(framed, "\r\n"...)
	if end {
		framed = append(framed, "0\r\n\r\n"...)
	}
	return framed
}
