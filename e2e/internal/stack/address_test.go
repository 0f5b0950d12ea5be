package stack_test

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"storefront/e2e/internal/stack"
)

func TestPortBase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 3000, "13000": 13000, "1": 1, "65524": 65524} {
		if got, err := stack.PortBase(text); err != nil || got != want {
			t.Errorf("PortBase(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "65525", "99999999999999999999", "http", "13000 ", "0x10", "3e3"} {
		if _, err := stack.PortBase(text); err == nil || !strings.Contains(err.Error(), "DEMO_PORT_BASE") {
			t.Errorf("PortBase(%q) error = %v, want one that names DEMO_PORT_BASE", text, err)
		}
	}
}

func TestVacant_namesEveryTakenPortItsServiceAndTheWayOut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, host string
		taken      map[int]string // offset: service
	}{
		{"gateway on IPv4", "127.0.0.1", map[int]string{0: "gateway"}},
		{"identity server on IPv4", "127.0.0.1", map[int]string{11: "fusionauth"}},
		{"catalog on IPv6 alone", "::1", map[int]string{1: "catalog"}},
		{"two of them", "127.0.0.1", map[int]string{1: "catalog", 2: "inventory"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, err := stack.FreeBase()
			if err != nil {
				t.Fatal(err)
			}
			for offset := range tt.taken {
				occupy(t, tt.host, base+offset)
			}
			err = stack.Vacant(base)
			if err == nil {
				t.Fatal("Vacant() = nil, want an error")
			}
			for offset, service := range tt.taken {
				if want := "port " + strconv.Itoa(base+offset) + " (" + service + ") is taken"; !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
			if n := strings.Count(err.Error(), "is taken"); n != len(tt.taken) {
				t.Errorf("the error names %d ports, want %d:\n%v", n, len(tt.taken), err)
			}
			if !strings.Contains(err.Error(), "DEMO_PORT_BASE=13000") {
				t.Errorf("the error shows no way out:\n%v", err)
			}
		})
	}
}

func TestVacant_proposesAnotherBaseThanTheTakenOne(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:13000")
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	if err := stack.Vacant(13000); err == nil || !strings.Contains(err.Error(), "DEMO_PORT_BASE=23000") {
		t.Errorf("Vacant(13000) = %v, want a proposal of another base", err)
	}
}

func occupy(t testing.TB, host string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		t.Skipf("this machine cannot listen on %s: %v", host, err)
	}
	t.Cleanup(func() { _ = l.Close() })
}
