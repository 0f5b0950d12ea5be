package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// reportNames are the variables that name the files which a run of the matrix, or of the attacks, writes.
var reportNames = []string{"JUNIT_FILE", "REPORT_FILE"}

// writeDocument writes a document of the repository.
func writeDocument(root, name, text string) error {
	return os.WriteFile(filepath.Join(root, "docs", name), []byte(text), 0o644) //nolint:gosec // documents are for everybody
}

// writeReports writes the reports that the environment names: JUnit XML for machines, Markdown for people.
func writeReports(words matrix.Words, tally matrix.Tally, target matrix.Target, env map[string]string) error {
	report := matrix.Report{Words: words, Tally: tally, Time: time.Now(), Target: target.URLs[stack.Gateway], Images: strings.Fields(env["IMAGES"])}
	for name, write := range map[string]func(io.Writer) error{"JUNIT_FILE": report.JUnit, "REPORT_FILE": report.Markdown} {
		path := env[name]
		if path == "" {
			continue
		}
		var text bytes.Buffer
		if err := write(&text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil { //nolint:gosec // others may read what became of the matrix
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
