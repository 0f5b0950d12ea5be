package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
)

// Status is the outcome of a check.
type Status string

// The outcomes. A check is skipped when it cannot be made; what it needs is then missing, or another check's fault.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"`
	Of     string `json:"of,omitempty"` // the server, where several are examined for the same
	Status Status `json:"status"`
	Found  string `json:"found"`
	Mend   string `json:"mend,omitempty"`
	See    string `json:"see"` // the place in docs/troubleshooting.md

	class Class
}

func ok(format string, args ...any) Finding {
	return Finding{Status: OK, Found: fmt.Sprintf(format, args...)}
}

func skip(format string, args ...any) Finding {
	return Finding{Status: Skip, Found: fmt.Sprintf(format, args...)}
}

func warn(mend, format string, args ...any) Finding {
	return Finding{Status: Warn, Mend: mend, Found: fmt.Sprintf(format, args...)}
}

func fail(mend, format string, args ...any) Finding {
	return Finding{Status: Fail, Mend: mend, Found: fmt.Sprintf(format, args...)}
}

// Report is the outcome of an examination.
type Report struct{ Findings []Finding }

// Err is nil when nothing failed, and otherwise says how much did, and carries the exit code.
func (r Report) Err() error {
	var u unwell
	for _, f := range r.Findings {
		if f.Status != Fail {
			continue
		}
		if u.failed++; u.class == 0 || f.class < u.class {
			u.class = f.class
		}
	}
	if u.failed == 0 {
		return nil
	}
	u.checks = len(r.Findings)
	return u
}

type unwell struct {
	failed, checks int
	class          Class
}

// Error implements error.
func (u unwell) Error() string { return fmt.Sprintf("%d of %d checks failed", u.failed, u.checks) }

// ExitCode implements server.ExitCoder.
func (u unwell) ExitCode() int { return int(u.class) }

// WriteText prints the findings for a person: a line each, and what to do below those that are not well.
func (r Report) WriteText(w io.Writer) error {
	for _, f := range r.Findings {
		name := f.Check
		if f.Of != "" {
			name += " (" + f.Of + ")"
		}
		text := fmt.Sprintf("%-5s %-26s %s\n", f.Status, name, f.Found)
		if f.Mend != "" {
			text += fmt.Sprintf("      mend: %s\n      see:  %s\n", f.Mend, f.See)
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON prints the findings for a program, with the exit code.
func (r Report) WriteJSON(w io.Writer) error {
	code := 0
	if u, failed := r.Err().(unwell); failed { //nolint:errorlint // Err wraps nothing
		code = u.ExitCode()
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		ExitCode int       `json:"exit_code"`
		Checks   []Finding `json:"checks"`
	}{code, r.Findings})
}

var errUsage = errors.New("usage: gateway doctor [--json] [--user EMAIL], with the user's password in DOCTOR_PASSWORD, or an access token in DOCTOR_TOKEN")

// Command is `gateway doctor`.
func Command(ctx context.Context, cfg Config, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	flags.StringVar(&cfg.User, "user", "", "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || (cfg.User == "") != (cfg.Password == "") {
		return errUsage
	}
	report := Examine(ctx, cfg)
	write := report.WriteText
	if *asJSON {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return err
	}
	return report.Err()
}
