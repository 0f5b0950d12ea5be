package main

import (
	"cmp"
	"context"
	_ "embed" // the table
	"errors"
	"fmt"

	"storefront/e2e/internal/matrix"
)

//go:embed roles.yaml
var rolesYAML []byte

// errRed is the outcome of a matrix that did not pass; the table has said why.
var errRed = errors.New("the role matrix is red")

// runRoles is `make roles`: against the containers with STACK=compose, against BASE_URL where that is set, else against a stack of its own.
func runRoles(ctx context.Context, env map[string]string, out terminal) error {
	if err := checkSwitches(env); err != nil {
		return err
	}
	table, err := matrix.Parse("roles.yaml", rolesYAML)
	if err != nil {
		return err
	}
	if env["STACK"] == "compose" {
		return rolesOfContainers(ctx, env, out)
	}
	if env["BASE_URL"] != "" {
		target, err := readTarget(env)
		if err != nil {
			return err
		}
		return tryMatrix(ctx, table, target, env, out)
	}
	return rolesOfOwnStack(ctx, table, env, out)
}

// checkSwitches refuses a value that would otherwise do nothing, and let somebody think that it did.
func checkSwitches(env map[string]string) error {
	var faults []error
	for name, on := range map[string]string{"REQUIRE": "all", "UNSAFE": "yes", "STACK": "compose"} {
		if v := env[name]; v != "" && v != on {
			faults = append(faults, fmt.Errorf("%s: %q is not %q", name, v, on))
		}
	}
	return errors.Join(faults...)
}

// rolesOfOwnStack tries the matrix on a stack of which everything is known.
func rolesOfOwnStack(ctx context.Context, table matrix.Table, env map[string]string, out terminal) (err error) {
	w, err := openWorkshop(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var known knownKeys
	if env["AUTH_MODE"] == "jwks" {
		if known, err = makeKeys(ctx, w.root, w.dir, cmp.Or(env["KEY"], "RS256"), &w.cfg); err != nil {
			return err
		}
	}
	s, err := w.start(ctx, w.cfg)
	if err != nil {
		return err
	}
	target, err := stackTarget(ctx, s, w.cfg.Base, w.cfg.Secrets)
	if err != nil {
		return err
	}
	known.of(&target)
	return tryMatrix(ctx, table, target, env, out)
}

// tryMatrix prints the matrix; it is an error when a cell is red or, with REQUIRE=all, when one was not tried.
func tryMatrix(ctx context.Context, table matrix.Table, target matrix.Target, env map[string]string, out terminal) error {
	printer := matrix.Printer{Out: out, Colour: out.colour}
	tally, err := matrix.Run(ctx, table, target, printer)
	if err != nil {
		return err
	}
	printer.Close(tally)
	if err := writeReports(matrix.RoleWords, tally, target, env); err != nil {
		return err
	}
	if tally.Count(matrix.Failed) > 0 {
		return errRed
	}
	if untried := tally.Count(matrix.NotTested); untried > 0 && env["REQUIRE"] == "all" {
		return fmt.Errorf("%w: REQUIRE=all, and %d cells were not tested", errRed, untried)
	}
	return nil
}
