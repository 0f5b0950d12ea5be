package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"storefront/e2e/internal/attack"
	"storefront/e2e/internal/attack/arena"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// errBreached is the outcome of attacks of which one succeeded; the table has said which.
var errBreached = errors.New("an attack has succeeded")

// errNotAllowed keeps the attacks from what is not one's own.
var errNotAllowed = errors.New("BASE_URL: is not on this machine; ATTACK_ALLOWED=yes says that it is yours, and that you may attack it")

// attackWords are what the reports of attacks call things.
var attackWords = matrix.Words{Suite: "attack", Title: "Attacks", Join: " at ", Columns: "| row | attack | at | must | got |"}

// runAttack is `make attack`: against BASE_URL where that is set, else against a stack of its own, which it controls in full.
func runAttack(ctx context.Context, env map[string]string, out terminal) error {
	if v := env["ATTACK_ALLOWED"]; v != "" && v != "yes" {
		return fmt.Errorf("ATTACK_ALLOWED: %q is not %q", v, "yes")
	}
	if err := checkSwitches(env); err != nil {
		return err
	}
	if env["BASE_URL"] == "" {
		return attackOwnStack(ctx, env, out)
	}
	target, err := readTarget(env)
	if err != nil {
		return err
	}
	for _, address := range target.URLs {
		if address != "" && !loopback(address) && env["ATTACK_ALLOWED"] != "yes" {
			return errNotAllowed
		}
	}
	return tryAttacks(ctx, attack.Target{Target: target}, env, out)
}

func attackOwnStack(ctx context.Context, env map[string]string, out terminal) (err error) {
	w, err := openWorkshop(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	a, target, err := openArena(ctx, w.root, w.dir, w.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop()) }()
	return tryAttacks(ctx, target, env, out)
}

// openArena starts a stack of which everything is known and under control, on free ports unless cfg says which.
func openArena(ctx context.Context, root, dir string, cfg stack.Config) (*arena.Arena, attack.Target, error) {
	var err error
	if cfg.Base == 0 {
		if cfg.Base, err = stack.FreeBase(); err != nil {
			return nil, attack.Target{}, err
		}
	}
	var known knownKeys
	if cfg.Env["AUTH_MODE"] == "jwks" {
		if known, err = makeKeys(ctx, root, dir, cmp.Or(cfg.Env["KEY"], "RS256"), &cfg); err != nil {
			return nil, attack.Target{}, err
		}
	}
	a, err := arena.Start(ctx, cfg)
	if err != nil {
		return nil, attack.Target{}, err
	}
	target, err := stackTarget(ctx, a.Stack, cfg.Base, cfg.Secrets)
	if err != nil {
		return nil, attack.Target{}, errors.Join(err, a.Stop())
	}
	known.of(&target)
	return a, a.Equip(target), nil
}

// tryAttacks prints the rows; it is an error when one is red or, with REQUIRE=all, when one was not tried.
func tryAttacks(ctx context.Context, target attack.Target, env map[string]string, out terminal) error {
	printer := matrix.Printer{Out: out, Colour: out.colour}
	tally, err := attack.Run(ctx, target, printer)
	if err != nil {
		return err
	}
	printer.Close(tally)
	if err := writeReports(attackWords, tally, target.Target, env); err != nil {
		return err
	}
	if tally.Count(matrix.Failed) > 0 {
		return errBreached
	}
	if untried := tally.Count(matrix.NotTested); untried > 0 && env["REQUIRE"] == "all" {
		return fmt.Errorf("REQUIRE=all, and %d rows were not tested", untried)
	}
	return nil
}
