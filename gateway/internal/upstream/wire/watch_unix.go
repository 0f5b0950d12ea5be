//go:build unix

package wire

import (
	"crypto/tls"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// watch tells whether anything has come on a connection that nobody reads: bytes, or its end.
type watch struct {
	socket syscall.RawConn // nil tells nothing
	look   func(fd uintptr)
	fds    [1]unix.PollFd
	came   bool
}

// of watches the socket below the connection.
func (w *watch) of(raw net.Conn) {
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if s, ok := raw.(syscall.Conn); ok {
		w.socket, _ = s.SyscallConn()
	}
	w.look = func(fd uintptr) {
		w.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} //nolint:gosec // descriptors are small
		n, err := unix.Poll(w.fds[:], 0)
		w.came = n != 0 || err != nil
	}
}

// stirred reports whether something has come.
func (w *watch) stirred() bool {
	return w.socket != nil && (w.socket.Control(w.look) != nil || w.came)
}
