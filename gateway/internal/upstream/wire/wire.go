// Package wire speaks HTTP/1.1 to one upstream, as a client, in the goroutine that asks: it writes a request, reads the answer from the
// same connection and hands the connection back. net/http's Transport gives every connection two goroutines of its own and every request a
// dozen allocations, which cost more than all else that the gateway does (docs/decisions/forwarder.md).
//
// It is strict where net/http is lenient, since a lenient reader is half of every smuggled request: one way to frame a body, lines that
// end in CRLF, names that are tokens. What it cannot read beyond doubt is an error, and the connection is not used again. An answer that
// it does take, net/http reads in the same way; a fuzz test holds it to that.
//
//	client := wire.New(wire.Config{Dial: dial})
//	var req wire.Request
//	req.Start("GET", "/products", "localhost:3001")
//	req.Field("Accept", "application/json")
//	res, err := client.Do(ctx, time.Now().Add(10*time.Second), &req)
//	…
//	defer res.Close()
package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Config says how connections are made.
type Config struct {
	// Dial opens a connection, ready to be written to. Its context has no deadline but that of the exchange.
	Dial func(context.Context) (net.Conn, error)
}

// Client exchanges requests for answers with one upstream. It is safe for concurrent use.
type Client struct {
	dial    func(context.Context) (net.Conn, error)
	idle    pool
	retries budget
}

// New returns a client; it opens no connection yet.
func New(cfg Config) *Client {
	c := &Client{dial: cfg.Dial}
	c.retries.fill()
	return c
}

// Close drops idle connections.
func (c *Client) Close() { c.idle.close() }

// What can be wrong with an exchange, beside the time that has run out (os.ErrDeadlineExceeded) and the context that has ended.
var (
	ErrConnect = errors.New("cannot connect")       // the upstream has not seen the request
	ErrAnswer  = errors.New("answer not in form")   // it cannot be read beyond doubt
	ErrRequest = errors.New("request not in form")  // it would not be read as it is meant; nothing was sent
	ErrBody    = errors.New("read request body")    // the one who asks did not send all of it
	errClosed  = errors.New("closed before answer") // by the upstream, which may not have seen the request
)

// Do sends the request and returns its answer as soon as the head of it is there. The whole exchange, with the body of the answer, ends
// at the deadline or with ctx. The answer must be closed.
//
// A request that never reached the upstream is sent again, once, if it is safe to repeat (RFC 9110 §9.2.2) and has no body: after an
// error to connect while the budget of retries lasts, and on a new connection when a kept one was closed before it answered. The
// latter needs no budget: each kept connection can cause it once.
func (c *Client) Do(ctx context.Context, deadline time.Time, req *Request) (*Response, error) {
	if err := req.finish(); err != nil {
		return nil, err
	}
	c.retries.earn()
	if res, again, err := c.onKept(ctx, deadline, req); !again {
		return res, err
	}
	conn, err := c.connect(ctx, deadline)
	if err != nil && req.repeatable() && ctx.Err() == nil && time.Until(deadline) > 0 && c.retries.spend() {
		conn, err = c.connect(ctx, deadline)
	}
	if err != nil {
		return nil, err
	}
	return conn.exchange(ctx, deadline, req)
}

// onKept makes the exchange on an idle connection, and reports whether it is still to be made, because there is none or it was closed before
// it answered.
func (c *Client) onKept(ctx context.Context, deadline time.Time, req *Request) (res *Response, again bool, err error) {
	for {
		conn := c.idle.get()
		if conn == nil {
			return nil, true, nil
		}
		res, err := conn.exchange(ctx, deadline, req)
		if !errors.Is(err, errStirred) {
			return res, errors.Is(err, errClosed) && req.repeatable(), err
		}
	}
}

// connect opens a connection. It goes on when ctx is cancelled: who goes away in the middle must not look like an upstream that is away.
func (c *Client) connect(ctx context.Context, deadline time.Time) (*conn, error) {
	dialing, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	raw, err := c.dial(dialing)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	return newConn(raw, &c.idle), nil
}
