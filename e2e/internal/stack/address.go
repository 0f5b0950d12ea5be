package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// DefaultBase is the gateway's port when nobody asks for another one.
const DefaultBase = 3000

// lastOffset is the largest distance of a port from the base.
const lastOffset = 11

// PortBase reads the setting DEMO_PORT_BASE.
func PortBase(text string) (int, error) {
	if text == "" {
		return DefaultBase, nil
	}
	base, err := strconv.Atoi(text)
	if err != nil || base < 1 || base+lastOffset > 65535 {
		return 0, fmt.Errorf("DEMO_PORT_BASE: %q is not a port from 1 to %d, such as 13000", text, 65535-lastOffset)
	}
	return base, nil
}

// addresses is where the services listen and are reached.
type addresses struct {
	base  int
	hosts []string // this machine's loopback addresses
}

func newAddresses(base int) addresses {
	return addresses{base, loopbacks()}
}

// loopbacks are 127.0.0.1 and, where this machine has it, ::1: what a browser takes for localhost is its own choice.
func loopbacks() []string {
	l, err := net.Listen("tcp", "[::1]:0") //nolint:noctx // it is closed at once
	if err != nil {
		return []string{"127.0.0.1"}
	}
	_ = l.Close()
	return []string{"127.0.0.1", "::1"}
}

func (a addresses) port(svc service) string { return strconv.Itoa(a.base + svc.offset) }

func (a addresses) listen(svc service) []string {
	listen := make([]string, len(a.hosts))
	for i, host := range a.hosts {
		listen[i] = net.JoinHostPort(host, a.port(svc))
	}
	return listen
}

func (a addresses) url(name string) string {
	svc, err := serviceNamed(name)
	if err != nil {
		return ""
	}
	return "http://localhost:" + a.port(svc)
}

// Vacant reports every port of a stack that another program holds.
func Vacant(base int) error { return newAddresses(base).vacant() }

func (a addresses) vacant() error {
	var taken []error
	for _, svc := range services {
		if err := tryListen(a.listen(svc)); errors.Is(err, syscall.EADDRINUSE) {
			taken = append(taken, fmt.Errorf("port %s (%s) is taken by another program", a.port(svc), svc.name))
		} else if err != nil {
			taken = append(taken, fmt.Errorf("port %s (%s) cannot be used: %w", a.port(svc), svc.name, err))
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return fmt.Errorf("%w\nstop what listens there, or move all four ports, for example: DEMO_PORT_BASE=%d make run", errors.Join(taken...), proposal(a.base))
}

func tryListen(addrs []string) error {
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr) //nolint:noctx // it is closed at once
		if err != nil {
			return err
		}
		_ = l.Close()
	}
	return nil
}

// proposal is a base to propose in place of one that is taken.
func proposal(base int) int {
	if base == 13000 {
		return 23000
	}
	return 13000
}

// given counts the bases that FreeBase has given to this process. Each is given once, so that two stacks that start at the same time
// cannot both find a port free and then both want it.
var given atomic.Uint32

// FreeBase gives a base whose four ports are free at the moment, below those that the system hands out by itself.
func FreeBase() (int, error) {
	const lowest, slots, width = 12_000, 1_200, 16
	first := os.Getpid() * 41 // other processes look elsewhere
	for range 100 {
		base := lowest + width*((first+int(given.Add(1)))%slots)
		if Vacant(base) == nil {
			return base, nil
		}
	}
	return 0, errors.New("no four free ports were found")
}
