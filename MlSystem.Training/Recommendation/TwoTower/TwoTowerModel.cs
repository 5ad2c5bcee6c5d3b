using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.TwoTower;

/// <summary>A layer: weights · input + bias, and max(0, ·) unless it is the last of its tower.</summary>
/// <param name="Weights">Outputs × inputs.</param>
public sealed record DenseLayer(FactorMatrix Weights, float[] Bias, bool IsLast)
{
    public int Inputs => Weights.Width;

    public int Outputs => Weights.Rows;

    public void Apply(ReadOnlySpan<float> input, Span<float> output)
    {
        for (var row = 0; row < Outputs; row++)
        {
            var sum = TensorPrimitives.Dot(Weights[row], input) + Bias[row];
            output[row] = IsLast ? sum : MathF.Max(0, sum);
        }
    }
}

/// <summary>
/// The serving form of two towers: the user's vector from the pooled embeddings of the history, the items' vectors computed once.
/// </summary>
/// <param name="HistoryEmbeddings">Items × width: what an item of the history says of its user.</param>
/// <param name="UserLayers">Layers of the user tower; none: the pooled embedding is the user's vector.</param>
/// <param name="ItemVectors">Items × width: outputs of the item tower.</param>
/// <param name="ItemBias">Added to the inner product.</param>
public sealed record TwoTowerModel(FactorMatrix HistoryEmbeddings, IReadOnlyList<DenseLayer> UserLayers, FactorMatrix ItemVectors, float[] ItemBias) : IRankingModel
{
    /// <summary>The sum of embeddings is divided by √(n + this) for n items.</summary>
    public const float PoolingOffset = 1e-6f;

    public int ItemCount => ItemVectors.Rows;

    public void Score(SparseRow history, Span<float> scores)
    {
        var user = new float[HistoryEmbeddings.Width];
        foreach (var item in history.Indices)
        {
            TensorPrimitives.Add(user, HistoryEmbeddings[item], user);
        }

        TensorPrimitives.Divide(user, MathF.Sqrt(history.Count + PoolingOffset), user);
        foreach (var layer in UserLayers)
        {
            var output = new float[layer.Outputs];
            layer.Apply(user, output);
            user = output;
        }

        ItemVectors.Multiply(user, scores);
        TensorPrimitives.Add(scores, ItemBias, scores);
    }
}
