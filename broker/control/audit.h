/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit log: who did what. Events that are emitted by hand have an allowance of their own, and of one
 * caller's on one channel there is a line a second, with how many they were: a fader that is drawn would
 * leave no room for what else is done.
 */
#ifndef BROKER_CONTROL_AUDIT_H
#define BROKER_CONTROL_AUDIT_H

struct control;
struct control_call;
struct control_reply;

void control_audit_start(struct control *control);

/* Writes what has only been counted so far. */
void control_audit_stop(struct control *control);

/* Writes a line, or counts it. */
void control_audit(struct control *control, const struct control_call *call,
                   const struct control_reply *reply);

#endif
