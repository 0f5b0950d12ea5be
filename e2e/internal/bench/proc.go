package bench

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// tick is the unit of CPU time in /proc on every Linux that Go runs on (USER_HZ is 100).
const tick = 10 * time.Millisecond

// The fields of /proc/PID/stat that are read here, counted from the state, which follows the name (proc(5)).
const (
	fieldParent = 1
	fieldUser   = 11
	fieldSystem = 12
)

// stat gives the fields of /proc/PID/stat from the state on. The name before it, in parentheses, may hold blanks.
func stat(pid int) ([][]byte, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= fieldSystem {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return fields, nil
}

// family gives the processes and all that descend from them: nginx's workers do what its master is measured for.
func family(pids []int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	children := map[int][]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if fields, err := stat(pid); err == nil { // else it has ended meanwhile
			parent, _ := strconv.Atoi(string(fields[fieldParent]))
			children[parent] = append(children[parent], pid)
		}
	}
	all := slices.Clone(pids)
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all, nil
}

// spent is the CPU time that the processes have used, user and system.
func spent(pids []int) (time.Duration, error) {
	total := time.Duration(0)
	for _, pid := range pids {
		fields, err := stat(pid)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		for _, field := range fields[fieldUser : fieldSystem+1] {
			ticks, err := strconv.ParseInt(string(field), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read CPU time: %w", err)
			}
			total += time.Duration(ticks) * tick
		}
	}
	return total, nil
}

// peak is the most memory that was resident since forgetPeak, in bytes: the sum of each one's own peak, with what they share counted
// for each.
func peak(pids []int) (int64, error) {
	total := int64(0)
	for _, pid := range pids {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			return 0, fmt.Errorf("read memory: %w", err)
		}
		_, after, _ := bytes.Cut(text, []byte("\nVmHWM:"))
		line, _, _ := bytes.Cut(after, []byte("\n"))
		kB, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB")))), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read memory of process %d: %w", pid, err)
		}
		total += kB << 10
	}
	return total, nil
}

// forgetPeak has the kernel count the peak of each process anew (proc(5), clear_refs). Where it may not, the peak since the process's
// start stands, which is no less.
func forgetPeak(pids []int) {
	for _, pid := range pids {
		_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0)
	}
}
