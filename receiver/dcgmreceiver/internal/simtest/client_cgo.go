// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package simtest

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// As in dcgm_agent.h and dcgm_structs.h.
typedef struct { unsigned version, persist, timeout_ms, is_socket; } connect_params;
typedef struct { unsigned version; unsigned short field, type; int status; unsigned unused; int64_t ts; char value[4096]; } field_value;

typedef struct { int64_t *at; int count, room; } taken;

enum { ALL_GPUS = 0x7fffffff, MOST = 4096 };

static int take(unsigned kind, unsigned id, field_value *values, int count, void *into)
{
	taken *t = into;
	for (int i = 0; i < count; i++)
		if (values[i].ts > 0 && values[i].status == 0 && t->count < t->room)
			t->at[t->count++] = values[i].ts;
	return 0;
}

static void *symbol(const char *name)
{
	static void *library;
	if (!library)
		library = dlopen("libdcgm.so.4", RTLD_NOW);
	return library ? dlsym(library, name) : NULL;
}

static int client_connect(uintptr_t *handle)
{
	connect_params params = {.version = sizeof params | 2u << 24};
	int (*call)(const char *, connect_params *, uintptr_t *) = symbol("dcgmConnect_v2");
	return call ? call("localhost", &params, handle) : -1;
}

static int client_watch(uintptr_t handle, unsigned short field, long long period, uintptr_t *group)
{
	int (*create)(uintptr_t, int, unsigned short *, const char *, uintptr_t *) = symbol("dcgmFieldGroupCreate");
	int (*watch)(uintptr_t, uintptr_t, uintptr_t, long long, double, int) = symbol("dcgmWatchFields");
	char name[32];
	snprintf(name, sizeof name, "another client %u", field);
	int status = create(handle, 1, &field, name, group);
	return status ? status : watch(handle, ALL_GPUS, *group, period, 600, 0);
}

static int client_since(uintptr_t handle, uintptr_t group, int64_t *at)
{
	int (*call)(uintptr_t, uintptr_t, uintptr_t, long long, long long *, int (*)(unsigned, unsigned, field_value *, int, void *), void *) = symbol("dcgmGetValuesSince_v2");
	taken t = {at, 0, MOST};
	long long next;
	int status = call(handle, ALL_GPUS, group, 0, &next, take, &t);
	return status ? status : t.count;
}

static int client_disconnect(uintptr_t handle)
{
	int (*call)(uintptr_t) = symbol("dcgmDisconnect");
	return call(handle);
}
*/
import "C"

import (
	"testing"
	"time"
)

// Client is another client of the host engine, such as dcgm-exporter, on a connection of its own.
type Client struct {
	tb     testing.TB
	handle C.uintptr_t
	groups map[uint16]C.uintptr_t
}

// Connect returns another client of the host engine that some client has connected to.
func (s *Sim) Connect() *Client {
	s.tb.Helper()
	c := &Client{tb: s.tb, groups: map[uint16]C.uintptr_t{}}
	if status := C.client_connect(&c.handle); status != 0 {
		s.tb.Fatalf("connect another client: status %d", status)
	}
	return c
}

// Watch watches a field of all GPUs.
func (c *Client) Watch(field uint16, period time.Duration) {
	c.tb.Helper()
	var group C.uintptr_t
	if status := C.client_watch(c.handle, C.ushort(field), C.longlong(period.Microseconds()), &group); status != 0 {
		c.tb.Fatalf("watch field %d: status %d", field, status)
	}
	c.groups[field] = group
}

// Samples returns when the samples of a field were taken that the host engine has for the client.
func (c *Client) Samples(field uint16) []time.Time {
	c.tb.Helper()
	at := make([]C.int64_t, C.MOST)
	count := C.client_since(c.handle, c.groups[field], &at[0])
	if count < 0 {
		c.tb.Fatalf("read field %d: status %d", field, count)
	}
	times := make([]time.Time, count)
	for i := range times {
		times[i] = time.UnixMicro(int64(at[i]))
	}
	return times
}

// Disconnect ends the client, and with it its watches.
func (c *Client) Disconnect() {
	c.tb.Helper()
	if status := C.client_disconnect(c.handle); status != 0 {
		c.tb.Fatalf("disconnect another client: status %d", status)
	}
}
