package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Cores are the machine's, divided: one for what is measured, the others for all else. So neither takes the other's time, and a front has
// one core, whatever it is written in.
type Cores struct{ first, rest unix.CPUSet }

// Divide keeps this program, and what it starts from now on, off the first core. A machine of one core stays undivided.
func Divide() (c Cores, err error) {
	if err := unix.SchedGetaffinity(0, &c.rest); err != nil {
		return c, fmt.Errorf("read own cores: %w", err)
	}
	for core := 0; c.first.Count() == 0; core++ {
		if c.rest.IsSet(core) {
			c.first.Set(core)
		}
	}
	if c.rest.Count() == 1 {
		return c, nil
	}
	for core := range 64 * len(c.rest) {
		if c.first.IsSet(core) {
			c.rest.Clear(core)
		}
	}
	runtime.GOMAXPROCS(c.rest.Count())
	return c, c.leaveFirst()
}

func (c Cores) leaveFirst() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list own threads: %w", err)
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err == nil {
			err = unix.SchedSetaffinity(id, &c.rest)
		}
		if err != nil {
			return fmt.Errorf("leave the first core: %w", err)
		}
	}
	return nil
}

// OnFirst runs start so that the processes it starts are on the first core: a process begins where the thread is that starts it.
func (c Cores) OnFirst(start func() error) error {
	runtime.LockOSThread() // and the thread stays: the processes of a stack end with theirs
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &c.first); err != nil {
		return fmt.Errorf("go to the first core: %w", err)
	}
	return errors.Join(start(), unix.SchedSetaffinity(0, &c.rest))
}
