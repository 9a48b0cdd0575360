// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {urlProblem} from '../src/model/webhooks';

test('an address is judged while it is typed', () => {
  assert.equal(urlProblem('https://product.example/hooks?x=1'), null);
  assert.equal(urlProblem(' https://product.example '), null);
  assert.equal(urlProblem('http://127.0.0.1:9000/hook'), null);
  assert.equal(urlProblem('http://localhost:9000'), null);
  assert.equal(urlProblem(''), 'missing');
  assert.equal(urlProblem('product.example'), 'malformed');
  assert.equal(urlProblem('ftp://product.example'), 'malformed');
  assert.equal(urlProblem('https://a:b@product.example'), 'malformed');
  assert.equal(urlProblem('https://product.example/#x'), 'malformed');
  assert.equal(urlProblem('http://product.example'), 'insecure');
  assert.equal(urlProblem('http://127.0.0.1.product.example'), 'insecure');
});
