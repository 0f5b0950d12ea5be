package matrix

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what is kept of a run.
type Report struct {
	Tally  Tally
	Time   time.Time
	Target string   // the gateway's address
	Images []string // of the services, as "service=sha256:…", where they are known
	Words  Words
}

// Words are what a report calls things. RoleWords are those of the role matrix.
type Words struct {
	Suite, Title string
	Join         string // what stands between a request and its caller
	Columns      string // the head of the table in Markdown, up to the last two
}

// RoleWords are the words of a role matrix.
var RoleWords = Words{"roles", "Role matrix", " as ", "| service | request | caller | wanted | got |"}

// JUnit's elements, as continuous integration reads them.
type (
	junitSuite struct {
		XMLName    xml.Name        `xml:"testsuite"`
		Name       string          `xml:"name,attr"`
		Time       string          `xml:"timestamp,attr"`
		Host       string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit writes the report as JUnit XML, a cell a test case.
func (r Report) JUnit(w io.Writer) error {
	suite := junitSuite{
		Name: r.Words.Suite, Time: r.Time.UTC().Format("2006-01-02T15:04:05"), Host: r.Target,
		Tests: len(r.Tally), Failures: r.Tally.Count(Failed), Skipped: r.Tally.Count(NotTested),
	}
	for _, image := range r.Images {
		service, digest, _ := strings.Cut(image, "=")
		suite.Properties = append(suite.Properties, junitProperty{"image." + service, digest})
	}
	for _, result := range r.Tally {
		one := junitCase{Class: r.Words.Suite + "." + result.Service, Name: result.Request + r.Words.Join + result.Caller}
		switch why := (&junitMessage{strings.Join(result.Why, "; ")}); result.State {
		case Failed:
			one.Failure = why
		case NotTested:
			one.Skipped = why
		default:
		}
		suite.Cases = append(suite.Cases, one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	return encoder.Encode(suite)
}

// Markdown writes the report for people: what was asked and when, then each request with its callers by what they got.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s\n\n%d passed, %d failed, %d skipped\n", r.Words.Title, r.Tally.Count(Passed), r.Tally.Count(Failed), r.Tally.Count(NotTested))
	line("- time: %s\n- target: %s", r.Time.UTC().Format(time.RFC3339), cmp.Or(r.Target, "unknown"))
	for _, image := range r.Images {
		service, digest, _ := strings.Cut(image, "=")
		line("- image of %s: `%s`", service, digest)
	}
	line("\n%s |\n|---|---|---|---|---|---|", r.Words.Columns)
	for _, result := range r.Tally {
		mark := map[State]string{Passed: "✓", Failed: "✗ ", NotTested: "not tested: "}[result.State]
		why := strings.Join(result.Why, "; ")
		line("| %s | `%s` | %s | %s | %s | %s%s |", result.Service, cell(result.Request), result.Caller, result.Want, status(result), mark, cell(why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell keeps a text from ending the cell of the table that it stands in.
func cell(text string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text) }
