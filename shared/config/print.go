package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Command is `<service> config [--json]`: it prints every setting that declare declares, with its value and where that comes from.
// What cannot be used is printed as it is, and is the error that the command ends with.
func Command[T any](args, environ []string, stdout io.Writer, declare func(*Settings) T) error {
	asJSON := len(args) == 1 && args[0] == "--json"
	if len(args) > 0 && !asJSON {
		return errors.New("usage: config [--json]")
	}
	s := Read(environ)
	declare(s)
	write := s.writeTable
	if asJSON {
		write = s.writeJSON
	}
	if err := write(stdout); err != nil {
		return err
	}
	return s.Err()
}

// shown is a setting as it is printed.
type shown struct {
	Name         string   `json:"name"`
	Value        string   `json:"value"` // of a secret [set] or [not set]
	Source       string   `json:"source"`
	Values       int      `json:"values,omitempty"`       // of a secret: how many
	Fingerprints []string `json:"fingerprints,omitempty"` // of them, where they are keys
}

func (s *Settings) show(setting Setting) shown {
	text, source, err := s.find(setting.Name)
	if setting.Secret {
		return showSecret(setting, source, secrets(text))
	}
	if err != nil || source == fromDefault {
		text = setting.Default
	}
	return shown{Name: setting.Name, Value: mask(text), Source: source}
}

// showSecret gives fingerprints of keys alone: what may be shorter than a key may be a password, or hold one as a URL does, and could
// be guessed by its fingerprint however long it is.
func showSecret(setting Setting, source string, values []Secret) shown {
	line := shown{Name: setting.Name, Value: "[not set]", Source: source, Values: len(values)}
	if len(values) > 0 {
		line.Value = "[set]"
	}
	for _, v := range values {
		if print := v.Fingerprint(); print != "" && setting.minBytes >= minKeyBytes {
			line.Fingerprints = append(line.Fingerprints, print)
		}
	}
	return line
}

// The places of a password in a text that is no secret as a whole, as in the URL of a database: before its host, or in its query.
var (
	userPassword = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*://)?([^:@/]*):.*@`)
	namedSecret  = regexp.MustCompile(`(?i)((?:pass|secret|token)[a-z_]*\s*=\s*)('[^']*'|[^&\s]*)`)
)

// mask rather hides too much: a value that cannot be used is shown too, and may be anything.
func mask(text string) string {
	return namedSecret.ReplaceAllString(userPassword.ReplaceAllString(text, "${1}${2}:xxxxx@"), "${1}xxxxx")
}

func (s *Settings) writeTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SETTING\tVALUE\tSOURCE") // Flush reports what goes wrong
	for _, setting := range s.declared {
		line := s.show(setting)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", line.Name, line.cell(), line.Source)
	}
	return table.Flush()
}

// cell is the value on one line.
func (l shown) cell() string {
	text := l.Value
	if strings.ContainsFunc(text, unicode.IsControl) {
		text = strconv.Quote(text)
	}
	switch {
	case l.Values == 1:
		text += " 1 value"
	case l.Values > 1:
		text += fmt.Sprintf(" %d values", l.Values)
	}
	if len(l.Fingerprints) > 0 {
		text += ", fingerprint " + strings.Join(l.Fingerprints, " ")
	}
	return text
}

func (s *Settings) writeJSON(w io.Writer) error {
	document := struct {
		Settings []shown  `json:"settings"`
		Faults   []string `json:"faults"`
	}{Faults: []string{}}
	for _, setting := range s.declared {
		document.Settings = append(document.Settings, s.show(setting))
	}
	for _, fault := range s.Faults() {
		document.Faults = append(document.Faults, fault.Error())
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
