using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>
/// Biased matrix factorization (Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems", 2009) and SVD++ (Koren, "Factorization meets
/// the neighborhood", 2008) by stochastic gradient descent. Ratings are visited user by user in a new random order each epoch; the history's
/// factors step once a user, by the sum of that user's gradients. One thread: the order is part of the method, and of the result.
/// </summary>
public static class RatingSgd
{
    private const double InnerShare = 0.1;

    /// <exception cref="DivergenceException">Factors became infinite.</exception>
    public static RatingFactorModel Fit(Interactions data, SgdOptions options, FitContext context, WarmStart? parent = null)
    {
        options.Validate();
        var epochs = options.EarlyStopping && data.Count >= 100 ? BestEpochs(data, options, context, parent) : options.Epochs;
        var state = new SgdState(data, options, context.Seed, parent);
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            state.Epoch(epoch);
            context.Step(epoch, epochs);
        }

        return state.Model();
    }

    private static int BestEpochs(Interactions data, SgdOptions options, FitContext context, WarmStart? parent)
    {
        var split = HoldOut.OfEntries(data, InnerShare, context.Seed);
        if (split.Held.Count == 0 || split.Rest.Count == 0)
        {
            return options.Epochs;
        }

        var state = new SgdState(split.Rest, options, context.Seed, parent);
        // All epochs: small factors leave the saddle at zero late, so an error that has stood still for long may fall again.
        var (best, error) = (1, double.PositiveInfinity);
        for (var epoch = 1; epoch <= options.Epochs; epoch++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            state.Epoch(epoch);
            var now = state.SquaredError(split.Held);
            (best, error) = now < error ? (epoch, now) : (best, error);
        }

        return best;
    }
}

/// <summary>Factors and biases while they are trained.</summary>
internal sealed class SgdState
{
    private readonly SparseMatrix _ratings;
    private readonly SgdOptions _options;
    private readonly ulong _seed;
    private readonly BiasModel _bias;
    private readonly FactorMatrix _users;
    private readonly FactorMatrix _items;
    private readonly FactorMatrix? _history;
    private readonly float[] _known;
    private readonly float[] _before;

    public SgdState(Interactions data, SgdOptions options, ulong seed, WarmStart? parent)
    {
        (_ratings, _options, _seed) = (data.ByUser, options, seed);
        _bias = BiasFit.Fit(data, new BiasOptions());
        var deviation = (float)options.InitialDeviation;
        _users = FactorMatrix.Random(data.Users.Count, options.Factors, deviation, seed);
        _items = FactorMatrix.Random(data.Items.Count, options.Factors, deviation, seed + 1);
        parent?.CopyItems(data.Items, _items, _bias.ItemBias);
        _history = options.History ? FactorMatrix.Random(data.Items.Count, options.Factors, deviation, seed + 2) : null;
        (_known, _before) = (new float[options.Factors], new float[options.Factors]);
    }

    /// <param name="epoch">From 1.</param>
    public void Epoch(int epoch)
    {
        var random = SplitMix64.For(_seed, epoch);
        int[] order = [.. Enumerable.Range(0, _ratings.Rows)];
        random.Shuffle(order);
        var rate = (float)(_options.LearningRate * Math.Pow(_options.Decay, epoch - 1));
        foreach (var user in order)
        {
            VisitUser(user, rate, ref random);
        }

        _users.ThrowIfNotFinite(Name, epoch, "user factors");
        _items.ThrowIfNotFinite(Name, epoch, "item factors");
    }

    public double SquaredError(Interactions held)
    {
        var sum = 0.0;
        for (var user = 0; user < held.ByUser.Rows; user++)
        {
            var row = held.ByUser[user];
            Known(user);
            for (var e = 0; e < row.Count; e++)
            {
                var error = row.Values[e] - _bias.Clip(_bias.Raw(user, row.Indices[e]) + Product(user, row.Indices[e]));
                sum += error * error;
            }
        }

        return sum;
    }

    public RatingFactorModel Model() => new(
        _bias with { UserShrinkage = (float)new BiasOptions().UserShrinkage }, _users, _items, _history, (float)_options.Regularisation, _history is null ? null : _ratings);

    private string Name => _history is null ? "Matrix factorization" : "SVD++";

    private void VisitUser(int user, float rate, ref SplitMix64 random)
    {
        var row = _ratings[user];
        Known(user);
        _known.CopyTo(_before, 0);
        Span<int> order = row.Count <= 1024 ? stackalloc int[row.Count] : new int[row.Count];
        for (var e = 0; e < order.Length; e++)
        {
            order[e] = e;
        }

        random.Shuffle(order);
        foreach (var e in order)
        {
            Visit(user, row.Indices[e], row.Values[e], rate);
        }

        StepHistory(row, rate);
    }

    private void Visit(int user, int item, float rating, float rate)
    {
        var error = rating - _bias.Raw(user, item) - Product(user, item);
        var regularisation = (float)_options.Regularisation;
        _bias.UserBias[user] += rate * (error - (regularisation * _bias.UserBias[user]));
        _bias.ItemBias[item] += rate * (error - (regularisation * _bias.ItemBias[item]));
        Span<float> p = _users[user], q = _items[item];
        var (step, decay) = (rate * error, 1 - (rate * regularisation));
        if (_history is null)
        {
            SgdKernel.Step(p, q, step, decay);
        }
        else
        {
            SgdKernel.Step(p, q, _known, step, decay);
        }
    }

    /// <summary>The sum moved as if each of its n parts had; so each gets the move divided by √n.</summary>
    private void StepHistory(SparseRow row, float rate)
    {
        if (_history is null || row.Count == 0)
        {
            return;
        }

        TensorPrimitives.Subtract(_known, _before, _before);
        TensorPrimitives.Multiply(_before, 1 / MathF.Sqrt(row.Count), _before);
        var decay = MathF.Pow(1 - (rate * (float)_options.HistoryRegularisation), row.Count);
        foreach (var item in row.Indices)
        {
            TensorPrimitives.FusedMultiplyAdd(_history[item], decay, _before, _history[item]);
        }
    }

    private void Known(int user)
    {
        Array.Clear(_known);
        RatingFactorModel.AddHistory(_history, _ratings[user].Indices, _known);
    }

    private float Product(int user, int item) => _history is null
        ? TensorPrimitives.Dot<float>(_users[user], _items[item])
        : SgdKernel.Product(_users[user], _known, _items[item]);
}
