package wire

import (
	"slices"
	"sync"
	"time"
)

// Limits of the connections that wait for their next request. Our services keep theirs for 120 s, so that it is this side that closes.
const (
	maxIdle  = 512
	idleTime = 90 * time.Second
)

// pool keeps idle connections, the last used on top, so that those that are too many grow old.
type pool struct {
	mu     sync.Mutex
	conns  []*conn
	timer  *time.Timer // runs while there is a connection
	closed bool
}

func (p *pool) get() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.conns) - 1
	if last < 0 {
		return nil
	}
	c := p.conns[last]
	p.conns[last] = nil
	p.conns = p.conns[:last]
	return c
}

// put keeps the connection, or reports that it cannot.
func (p *pool) put(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.conns) >= maxIdle {
		return false
	}
	p.conns = append(p.conns, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(idleTime/2, func() { p.reap(time.Now().Add(-idleTime)) })
	}
	return true
}

// reap closes the connections that have been idle since before; they are the first ones.
func (p *pool) reap(before time.Time) {
	for _, c := range p.takeOld(before) {
		c.close()
	}
}

func (p *pool) takeOld(before time.Time) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := slices.IndexFunc(p.conns, func(c *conn) bool { return c.since.After(before) })
	if n < 0 {
		n = len(p.conns)
	}
	old := slices.Clone(p.conns[:n])
	p.conns = slices.Delete(p.conns, 0, n)
	if len(p.conns) > 0 && !p.closed {
		p.timer.Reset(idleTime / 2)
	} else {
		p.timer = nil
	}
	return old
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	conns := p.conns
	p.conns = nil
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}
