/*
 * ldap_message -- asks as libldap sends them, and what comes back as answers.
 *
 * For the thread that owns the handle.
 */
#pragma once

#include "store/directory/ldap_link.h"

/* A result code; LDAP_SUCCESS and the id by which the answer will be known. */
int ldap_message_send(LDAP *ld, const struct ldap_ask *ask, int *ret_id);

/* The tag of the message that ends the answer to an ask; and may a message be part of such one? */
int ldap_message_last(const struct ldap_ask *ask);
bool ldap_message_answers(LDAPMessage *message, int last);

/* Adds what a message says to the answer, in its arena. True where it was the last one. */
bool ldap_message_take(LDAP *ld, LDAPMessage *message, struct ldap_ask *answer);

/* Does it say goodbye (RFC 4511, 4.4.1)? Then how, as the end of a sentence. What else it says
 * unasked is passed over. */
bool ldap_message_notice(LDAP *ld, LDAPMessage *message, char *ret, size_t size);
