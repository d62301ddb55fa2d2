import type * as tf from '@tensorflow/tfjs-core';
import { constrainedActorLoss, type ConstrainedBatch } from '../../multipliers/constrained-losses.ts';

/**
 * L_π = Σ_a π(a|s) [ α log π(a|s) − Â_λ(s,a) ] + bc · CE(π, a) with Â_λ = (Â_r − Σ λ Â_c)/(1 + Σ λ): the policy step of
 * RCPO's Lagrangian (Tessler et al. 2018, eq. 6) with all actions summed; Â_λ carries no gradient.
 */
export const rcpoDualLoss = (
  logits: tf.Tensor2D,
  batch: ConstrainedBatch,
  lagrangian: tf.Tensor2D,
  options: { readonly entropyWeight: number; readonly cloningWeight: number },
): tf.Scalar => constrainedActorLoss(logits, batch, lagrangian, options);
