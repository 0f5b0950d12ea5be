package chaos

import (
	"fmt"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Fault is what a line does to the bytes that it carries.
type Fault struct {
	Name  string
	Does  string
	toxic string // as toxiproxy describes it; "" is that nobody listens
}

// Faults are the five ways in which a line is bad.
func Faults() []Fault {
	return []Fault{
		{"latency", "every answer comes 300 ms later", `{"type":"latency","attributes":{"latency":300}}`},
		{"reset", "connections are accepted, and reset with the first byte of an answer", `{"type":"reset_peer","attributes":{"timeout":0}}`},
		{"half-open", "connections are accepted, requests arrive, no answer ever comes", `{"type":"timeout","attributes":{"timeout":0}}`},
		{"slow drip", "answers come a byte every 50 ms", `{"type":"slicer","attributes":{"average_size":1,"size_variation":0,"delay":50000}}`},
		{"refused", "nobody listens, and the connections that stood are cut", ""},
	}
}

// line is the wire between two processes: a toxiproxy.
type line struct {
	name, listen, upstream string
	server                 *toxiproxy.ApiServer
	proxy                  *toxiproxy.Proxy
}

func newLine(name, listen, upstream string) (*line, error) {
	l := &line{name: name, listen: listen, upstream: upstream, server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	return l, l.open()
}

func (l *line) open() error {
	l.proxy = toxiproxy.NewProxy(l.server, l.name, l.listen, l.upstream)
	if err := l.proxy.Start(); err != nil {
		return fmt.Errorf("open the line %s: %w", l.name, err)
	}
	return nil
}

// spoil puts the fault on the connections that stand and on those to come.
func (l *line) spoil(f Fault) error {
	if f.toxic == "" {
		l.proxy.Stop()
		return nil
	}
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(f.toxic)); err != nil {
		return fmt.Errorf("put %s on the line %s: %w", f.Name, l.name, err)
	}
	return nil
}

// mend gives a new line and cuts what hung on the old one, as a router does that starts again. Taking a toxic off a line in use can
// wait for ever: toxiproxy then waits for a writer that waits for toxiproxy.
func (l *line) mend() error {
	l.proxy.Stop()
	return l.open()
}

func (l *line) close() { l.proxy.Stop() }
