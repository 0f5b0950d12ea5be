//go:build unix

package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is the one below a connection. It tells whether anything has come on a connection that nobody reads: bytes, or its end.
type socket struct {
	raw    syscall.RawConn // nil tells nothing; such a connection is not kept
	sealed bool            // by TLS: what is written at the socket itself would be garbage

	look func(fd uintptr)
	fds  [1]unix.PollFd
	came bool

	turn  func(fd uintptr) bool
	head  []byte
	waits bool
	spoke bool
	wrote int
	fault error
}

// of takes the socket below the connection.
func (s *socket) of(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn, s.sealed = t.NetConn(), true
	}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	s.look = func(fd uintptr) {
		s.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} //nolint:gosec // descriptors are small
		n, err := unix.Poll(s.fds[:], 0)
		s.came = n != 0 || err != nil
	}
	s.turn = s.takeTurn
}

// looks reports whether it can tell anything.
func (s *socket) looks() bool { return s.raw != nil }

// stirred reports whether something has come.
func (s *socket) stirred() bool {
	return s.raw != nil && (s.raw.Control(s.look) != nil || s.came)
}

// speak writes the head on a connection that was idle, or as much as the socket takes, unless something has come before. If it may wait, it
// then returns when the answer begins or the time is over. All of this is one visit at the socket: the attempt to read in vain, which has to
// stand before a wait, is made before the writing, and is the look whether something has come.
func (s *socket) speak(head []byte, waits bool) (wrote int, err error) {
	if s.sealed {
		if s.stirred() {
			return 0, errStirred
		}
		return 0, nil
	}
	s.head, s.waits, s.spoke, s.wrote, s.fault = head, waits, false, 0, nil
	err = s.raw.Read(s.turn)
	s.head = nil
	if s.spoke && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // is for whoever reads the answer
	}
	return s.wrote, errors.Join(s.fault, err)
}

// takeTurn is called when speak begins, and from then on when there may be something to read.
func (s *socket) takeTurn(fd uintptr) (done bool) {
	if s.spoke {
		return true
	}
	var unasked [1]byte
	if _, err := unix.Read(int(fd), unasked[:]); err != unix.EAGAIN {
		s.fault = errStirred
		return true
	}
	s.spoke = true
	n, err := unix.Write(int(fd), s.head)
	switch {
	case err == nil:
		s.wrote = n
	case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
		s.fault = err
	}
	return !s.waits || s.wrote < len(s.head)
}
