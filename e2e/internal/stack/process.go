package stack

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopTime is longer than a service takes to finish what is in flight.
const stopTime = 20 * time.Second

// process is a service that was started.
type process struct {
	service
	cmd   *exec.Cmd
	lines *lines
	asked atomic.Bool   // it was told to end
	ended chan struct{} // closed when it has ended
}

// launch starts a service and watches over it. The process lives until Stop, whatever becomes of ctx: stopping is polite.
func (s *Stack) launch(ctx context.Context, svc service, out *output) (*process, error) {
	p := &process{service: svc, lines: out.lines(svc), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), s.cfg.binary(svc)) //nolint:gosec // a binary that Build made
	p.cmd.Env = s.environment(svc)
	p.cmd.Stdout, p.cmd.Stderr = p.lines, p.lines
	p.cmd.SysProcAttr = processAttributes()
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", svc.name, err)
	}
	go func() {
		err := p.cmd.Wait()
		p.lines.flush()
		if !p.asked.Load() {
			s.died <- p.obituary(err)
		}
		close(p.ended)
	}()
	return p, nil
}

// obituary says which process died, how, and what it said last.
func (p *process) obituary(err error) error {
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	last := p.lines.tail()
	if len(last) == 0 {
		return fmt.Errorf("%s died (%s) without a word", p.name, how)
	}
	return fmt.Errorf("%s died (%s); its last lines:\n    %s", p.name, how, strings.Join(last, "\n    "))
}

// ask tells the process to end.
func (p *process) ask() {
	p.asked.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
}

// await waits for the process to end, and kills it when it takes too long.
func (p *process) await() error {
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTime):
	}
	err := p.cmd.Process.Kill()
	<-p.ended
	return errors.Join(fmt.Errorf("%s did not stop within %s and was killed", p.name, stopTime), err)
}
