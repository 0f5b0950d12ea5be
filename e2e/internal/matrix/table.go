package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Table is the matrix as roles.yaml writes it, checked: every name in a row is declared, and everything declared stands in a row.
type Table struct {
	Callers map[string]Caller
	Answers map[string]Answer
	Rows    []Row
}

// Caller is who asks: nobody, a browser with a session, a client with a token, or a request with headers as they stand.
type Caller struct {
	Session string            `yaml:"session"` // the person whose browser it is
	Bearer  string            `yaml:"bearer"`  // the person whose access token it sends
	Scheme  string            `yaml:"scheme"`  // before the token; "" is Bearer
	Forged  *Forgery          `yaml:"forged"`
	Headers map[string]string `yaml:"headers"`
}

// Row is one request, and what each caller gets.
type Row struct {
	Service string
	Route   string // as the service registers it, "METHOD /path/:id"
	Method  string
	Target  string
	Cells   []Cell
}

// Cell is one caller's answer, by their names in the table.
type Cell struct{ Caller, Answer string }

// Request is the method and the target.
func (r Row) Request() string { return r.Method + " " + r.Target }

// noRoute stands in place of a route for requests that no route takes.
const noRoute = "no route"

// Routes lists the routes that the table has for a service.
func (t Table) Routes(service string) []string {
	var routes []string
	for _, row := range t.Rows {
		if row.Service == service && row.Route != noRoute && !slices.Contains(routes, row.Route) {
			routes = append(routes, row.Route)
		}
	}
	return routes
}

// Services lists the services of the table.
func (t Table) Services() []string {
	var services []string
	for _, row := range t.Rows {
		if !slices.Contains(services, row.Service) {
			services = append(services, row.Service)
		}
	}
	return services
}

// parser reads one file and collects what is wrong with it.
type parser struct {
	name   string
	groups map[string]string
	table  Table
	used   map[string]bool // callers and answers, each with its kind before it
	faults []error
}

// Parse reads a table. Its error names every fault with its line.
func Parse(name string, data []byte) (Table, error) {
	var file struct {
		Callers map[string]Caller `yaml:"callers"`
		Groups  map[string]string `yaml:"groups"`
		Answers map[string]Answer `yaml:"answers"`
		Matrix  yaml.Node         `yaml:"matrix"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return Table{}, fmt.Errorf("%s: %w", name, err)
	}
	p := &parser{name: name, groups: file.Groups, used: map[string]bool{}}
	p.table = Table{Callers: file.Callers, Answers: file.Answers}
	p.eachPair(&file.Matrix, func(service string, _, routes *yaml.Node) {
		p.eachPair(routes, func(route string, _, requests *yaml.Node) {
			p.eachPair(requests, func(request string, at, cells *yaml.Node) {
				p.row(Row{Service: service, Route: route}, request, at, cells)
			})
		})
	})
	p.checkCallers()
	p.checkUse()
	return p.table, errors.Join(p.faults...)
}

func (p *parser) fault(at *yaml.Node, format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf("%s:%d: %s", p.name, at.Line, fmt.Sprintf(format, args...)))
}

// eachPair walks a mapping in its order, which a Go map would lose.
func (p *parser) eachPair(n *yaml.Node, do func(key string, at, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fault(n, "a mapping is expected here")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			p.fault(key, "%q stands here twice", key.Value)
		}
		seen[key.Value] = true
		do(key.Value, key, value)
	}
}

func (p *parser) row(row Row, request string, at, cells *yaml.Node) {
	row.Method, row.Target = splitRequest(row.Route, request)
	if row.Method == "" || !strings.HasPrefix(row.Target, "/") {
		p.fault(at, "%q is no request: [METHOD] /path", request)
	}
	taken := map[string]bool{}
	p.eachPair(cells, func(callers string, at, answer *yaml.Node) {
		if _, known := p.table.Answers[answer.Value]; !known {
			p.fault(answer, "there is no answer %q", answer.Value)
		}
		p.used["answer "+answer.Value] = true
		for _, caller := range p.callers(callers, at) {
			if taken[caller] {
				p.fault(at, "%s has two answers", caller)
			}
			taken[caller] = true
			row.Cells = append(row.Cells, Cell{caller, answer.Value})
		}
	})
	p.table.Rows = append(p.table.Rows, row)
}

// splitRequest gives method and target; the method is the route's unless the request has its own.
func splitRequest(route, request string) (method, target string) {
	method, target, own := strings.Cut(request, " ")
	if own {
		return method, target
	}
	method, _, hasMethod := strings.Cut(route, " /")
	if !hasMethod {
		method = "GET"
	}
	return method, request
}

// callers takes names of callers and groups apart.
func (p *parser) callers(names string, at *yaml.Node) []string {
	var found []string
	for _, name := range strings.Fields(names) {
		if group, ok := p.groups[name]; ok {
			p.used["group "+name] = true
			found = append(found, p.callers(group, at)...)
			continue
		}
		if _, ok := p.table.Callers[name]; !ok {
			p.fault(at, "there is no caller and no group %q", name)
			continue
		}
		p.used["caller "+name] = true
		found = append(found, name)
	}
	return found
}

// checkCallers refuses a caller who is two at once, and a signature that nobody knows how to make.
func (p *parser) checkCallers() {
	for _, name := range slices.Sorted(maps.Keys(p.table.Callers)) {
		c := p.table.Callers[name]
		if c.Bearer != "" && c.Forged != nil {
			p.faults = append(p.faults, fmt.Errorf("%s: caller %s has a bearer and a forged token", p.name, name))
		}
		if f := c.Forged; f != nil && (f.Gateway == (f.User != "") || !slices.Contains([]string{"", signNone, signAnotherKey}, f.Sign)) {
			p.faults = append(p.faults, fmt.Errorf("%s: caller %s: a forged token is a user's or the gateway's, signed %q or %q", p.name, name, signNone, signAnotherKey))
		}
	}
}

// checkUse refuses what no row uses: a forgotten row looks like that.
func (p *parser) checkUse() {
	var declared []string
	for name := range p.table.Callers {
		declared = append(declared, "caller "+name)
	}
	for name := range p.groups {
		declared = append(declared, "group "+name)
	}
	for name := range p.table.Answers {
		declared = append(declared, "answer "+name)
	}
	slices.Sort(declared)
	for _, name := range declared {
		if !p.used[name] {
			p.faults = append(p.faults, fmt.Errorf("%s: no row uses the %s", p.name, name))
		}
	}
}
