//go:build !unix

package wire

import "net"

// socket tells nothing on this system. What has come while a connection was idle would be taken for the answer to the next request, so none is
// kept; and an answer before the end of a request is seen at that end.
type socket struct{}

func (*socket) of(net.Conn) {}

func (*socket) looks() bool { return false }

func (*socket) speak([]byte, bool) (int, error) { return 0, errStirred }

func (*socket) stirred() bool { return false }
