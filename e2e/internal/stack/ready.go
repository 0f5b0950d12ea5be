package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// How long the services may take to become ready, and how often they are asked.
const (
	readyTime  = 30 * time.Second
	readyEvery = 20 * time.Millisecond
)

// awaitReady returns when every service answers on every loopback, or as soon as one has died.
func (s *Stack) awaitReady(ctx context.Context) error {
	return s.await(ctx, services...)
}

func (s *Stack) await(ctx context.Context, services ...service) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTime, fmt.Errorf("%s have passed", readyTime))
	defer cancel()
	client := &http.Client{Timeout: 2 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for _, svc := range services {
		for _, addr := range s.addresses.listen(svc) {
			if err := s.poll(ctx, client, svc, "http://"+addr+svc.path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stack) poll(ctx context.Context, client *http.Client, svc service, url string) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	var last error // of an attempt that was not cut short
	for {
		err := s.ready(ctx, client, svc, url)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case dead := <-s.died:
			return dead
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not ready: %w", svc.name, context.Cause(ctx)), last)
		case <-tick.C:
		}
	}
}

// ready asks once. The identity server must also be the one that the services trust.
func (s *Stack) ready(ctx context.Context, client *http.Client, svc service, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	if svc.name != Identity {
		return nil
	}
	var discovery struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(&discovery); err != nil {
		return err
	}
	if discovery.Issuer != s.URL(Identity) {
		return fmt.Errorf("it calls itself %q, not %q", discovery.Issuer, s.URL(Identity))
	}
	return nil
}
