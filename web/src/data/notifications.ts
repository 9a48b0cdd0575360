// SPDX-License-Identifier: Apache-2.0
// What needs a person, as the server keeps it: the same in every browser.
import type {UseMutationResult, UseQueryResult} from '@tanstack/react-query';
import type {Answer} from '../api/client';
import {api, useSessionState} from '../session/context';
import {useAnswer, useWrite} from './cache';

export type Notifications = Answer<'/v1/notifications', 'get'>;
export type Notification = Notifications['items'][number];
export type NotificationSettings = Answer<'/v1/notification-settings', 'get'>;

/** Further ones are on their own pages. */
const atMost = 20;
/** Another browser may have seen some; what is new is told by a fact at once. */
const everyMs = 30_000;

function useInTenant(): boolean {
  const {session, tenantId} = useSessionState();
  return session?.kind !== 'operator' || tenantId !== null;
}

export const useNotifications = (): UseQueryResult<Notifications, Error> =>
  useAnswer(['notifications', 'open'], (signal) => api.get('/v1/notifications', {query: {limit: atMost}, signal}), {enabled: useInTenant(), everyMs});

/** Marks one as seen, or all. */
export const useSeen = (): UseMutationResult<unknown, Error, string | null> =>
  useWrite((id: string | null): Promise<unknown> => (id === null ? api.post('/v1/notifications/seen-all') : api.post('/v1/notifications/{notification_id}/seen', {path: {notification_id: id}})), ['notifications']);

export const useNotificationSettings = (): UseQueryResult<NotificationSettings, Error> =>
  useAnswer(['notifications', 'settings'], (signal) => api.get('/v1/notification-settings', {signal}), {enabled: useInTenant()});

export const useMailSwitch = (): UseMutationResult<NotificationSettings, Error, boolean> =>
  useWrite((mail: boolean) => api.put('/v1/notification-settings', {body: {mail}}), ['notifications']);
