package compose_test

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

func TestUp_saysWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	built(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	p := tree(t)
	p.Env = append(p.Env, "GATEWAY_PORT="+port)
	fails(t, p.Up(t.Context(), &bytes.Buffer{}), "port "+port+" (gateway) is taken", "GATEWAY_PORT=1", "make up-local")
}

func TestUp_saysWhichContainerFailsAndWhy(t *testing.T) {
	t.Parallel()
	built(t)
	p := tree(t)
	p.Env = append(p.Env, "FUSIONAUTH_PUBLIC_URL=http://login.example.com")
	t.Cleanup(func() {
		if err := remove(p); err != nil {
			t.Error(err)
		}
	})
	fails(t, p.Up(t.Context(), &bytes.Buffer{}), "catalog is ", "its last lines:", "FUSIONAUTH_PUBLIC_URL: is plain http", "make down")
}

func TestUp_saysThatNoEngineAnswers(t *testing.T) {
	t.Parallel()
	p := tree(t)
	p.Env = append(p.Env, "DOCKER_HOST=unix:///nowhere/docker.sock")
	fails(t, p.Up(t.Context(), &bytes.Buffer{}), "no Docker engine answers", "make run")
	fails(t, p.Down(t.Context(), &bytes.Buffer{}), "no Docker engine answers")
}

// A registry that nobody can reach, as on a machine without network.
func TestUp_saysWhatToDoWhenAnImageCannotBePulled(t *testing.T) {
	t.Parallel()
	p := tree(t)
	p.Local = false
	p.Env = append(p.Env, "FUSIONAUTH_IMAGE=127.0.0.1:1/fusionauth:1", "POSTGRES_IMAGE=127.0.0.1:1/postgres:1")
	fails(t, p.Up(t.Context(), &bytes.Buffer{}), "the image of db, 127.0.0.1:1/postgres:1, cannot be pulled", "make up-local")
}

func fails(t testing.TB, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it gave no error")
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}
