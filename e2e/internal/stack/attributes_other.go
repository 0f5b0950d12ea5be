//go:build unix && !linux

package stack

import "syscall"

// processAttributes puts a process into a group of its own, so that the terminal's Ctrl-C reaches it through us alone.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
