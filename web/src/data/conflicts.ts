// SPDX-License-Identifier: Apache-2.0
// The open conflicts, counted in the navigation.
import type {UseQueryResult} from '@tanstack/react-query';
import type {Answer} from '../api/client';
import {api, useSessionState} from '../session/context';
import {useAnswer} from './cache';

const atMost = 50;

export function useOpenConflicts(): UseQueryResult<Answer<'/v1/conflicts', 'get'>, Error> {
  const {session, tenantId} = useSessionState();
  const inTenant = session?.kind !== 'operator' || tenantId !== null;
  return useAnswer(['conflicts', 'counted'], (signal) => api.get('/v1/conflicts', {query: {state: 'open', limit: atMost}, signal}), {enabled: inTenant});
}
