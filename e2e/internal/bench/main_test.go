package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"storefront/e2e/internal/bench"
)

// As a process of its own, this test divides the cores, which are then no longer those of the other tests, or holds memory.
func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv("HOLD"); ok {
		hold()
		fmt.Println("held")
		time.Sleep(time.Minute) // until it is killed
	}
	if _, ok := os.LookupEnv("DIVIDE"); ok {
		if err := divide(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// divide prints on which cores the children of a divided program are: one that is measured, then another.
func divide() error {
	cores, err := bench.Divide()
	if err != nil {
		return err
	}
	child := func() error {
		cmd := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status")
		cmd.Stdout = os.Stdout
		return cmd.Run()
	}
	if err := cores.OnFirst(child); err != nil {
		return err
	}
	return child()
}

const held = 64 << 20

// hold gives memory that is resident.
func hold() []byte {
	memory, err := syscall.Mmap(-1, 0, held, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for i := 0; i < held; i += os.Getpagesize() {
		memory[i] = 1
	}
	return memory
}
