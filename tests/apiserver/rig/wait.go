package rig

import (
	"testing"
	"time"
)

// between is the pause between two looks.
const between = 100 * time.Millisecond

// Eventually looks until look succeeds, and returns how long that took. It fails the test with the last error
// when within is over.
func Eventually(t testing.TB, within time.Duration, what string, look func() error) time.Duration {
	t.Helper()
	begin := time.Now()
	for {
		err := look()
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > within {
			t.Fatalf("not within %v: %s: %v", within, what, err)
		}
		time.Sleep(between)
	}
}

// Holds looks again and again for the given time, and fails the test at the first error.
func Holds(t testing.TB, during time.Duration, what string, look func() error) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < during; time.Sleep(between) {
		if err := look(); err != nil {
			t.Fatalf("after %v no longer: %s: %v", time.Since(begin).Round(between), what, err)
		}
	}
}
