//go:build !unix

package wire

import "net"

// socket tells nothing on this system: what has come while a connection was idle is seen when it is used.
type socket struct{}

func (*socket) of(net.Conn) {}

func (*socket) speak([]byte, bool) (int, error) { return 0, nil }

func (*socket) stirred() bool { return false }
