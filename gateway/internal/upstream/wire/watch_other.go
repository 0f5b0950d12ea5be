//go:build !unix

package wire

import "net"

// watch tells nothing on this system: what has come while a connection was idle is seen when it is used.
type watch struct{}

func (*watch) of(net.Conn) {}

func (*watch) stirred() bool { return false }
