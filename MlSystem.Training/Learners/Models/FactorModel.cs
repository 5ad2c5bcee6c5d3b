using System.Globalization;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Learners.Models;

/// <summary>
/// Incremental matrix factorization: biased factors by regularised stochastic gradients, one rating at a time (Takács et al.,
/// "Scalable Collaborative Filtering Approaches for Large Recommender Systems", JMLR 2009). Users and items are taken in as
/// they come, up to a bound; behind it they are predicted by the mean and the other side's bias.
/// </summary>
internal sealed class FactorModel : OnlineModel
{
    /// <summary>Text columns of a row: the user's id, then the item's.</summary>
    public const int UserText = 0;
    public const int ItemText = 1;

    private readonly double _rate;
    private readonly double _l2;
    private readonly double _least;
    private readonly double _most;
    private double _boost = 1;

    public FactorModel(LearnerDefinition definition)
    {
        Factors = (int)definition.Parameter("factors");
        _rate = definition.Parameter("learning_rate");
        _l2 = definition.Parameter("l2");
        (_least, _most) = (definition.Parameter("minimum"), definition.Parameter("maximum"));
        var seed = (ulong)definition.Parameter("seed");
        Users = new FactorTable(Factors, (int)definition.Parameter("max_users"), definition.Parameter("init"), seed);
        Items = new FactorTable(Factors, (int)definition.Parameter("max_items"), definition.Parameter("init"), seed ^ 0x9e3779b97f4a7c15);
    }

    public int Factors { get; }

    public FactorTable Users { get; }

    public FactorTable Items { get; }

    /// <summary>Mean of all ratings so far.</summary>
    public RunningScale Ratings { get; } = new();

    /// <summary>Predictions are cut to this.</summary>
    public (double Least, double Most) Range => (_least, _most);

    public override double TestThenTrain(LearnerRow row)
    {
        var user = Users.Take(row.Texts[UserText]);
        var item = Items.Take(row.Texts[ItemText]);
        var score = Score(user, item);
        var prediction = double.IsFinite(score) ? Math.Clamp(score, _least, _most) : throw new LearnerDivergedException(
            $"The prediction is not finite: user '{row.Texts[UserText]}' and item '{row.Texts[ItemText]}'. Use a smaller learning_rate.");
        Ratings.Add(row.Label);
        Learn(user, item, (row.Label - score) * row.Weight);
        return prediction;
    }

    public override double Predict(LearnerRow row) =>
        Math.Clamp(Score(Users.Find(row.Texts[UserText]), Items.Find(row.Texts[ItemText])), _least, _most);

    public override void Reset()
    {
        Users.Clear();
        Items.Clear();
        _boost = 1;
    }

    /// <summary>The step is constant, so "fast again" is three times as fast, fading to the usual step over some thousand rows.</summary>
    public override void Quicken() => _boost = 3;

    public override void Write(BinaryWriter writer)
    {
        writer.Write(_boost);
        Ratings.Write(writer);
        Users.Write(writer);
        Items.Write(writer);
    }

    public override void Read(BinaryReader reader)
    {
        _boost = reader.ReadDouble();
        Ratings.Read(reader);
        Users.Read(reader);
        Items.Read(reader);
    }

    private double Score(FactorVector? user, FactorVector? item)
    {
        var score = Ratings.Mean + (user?.Bias ?? 0) + (item?.Bias ?? 0);
        if (user is not null && item is not null)
        {
            for (var f = 0; f < Factors; f++)
            {
                score += user.Factors[f] * item.Factors[f];
            }
        }

        return score;
    }

    private void Learn(FactorVector? user, FactorVector? item, double error)
    {
        var rate = _rate * _boost;
        _boost = 1 + ((_boost - 1) * 0.999);
        if (user is not null)
        {
            user.Bias += rate * (error - (_l2 * user.Bias));
        }

        if (item is not null)
        {
            item.Bias += rate * (error - (_l2 * item.Bias));
        }

        for (var f = 0; user is not null && item is not null && f < Factors; f++)
        {
            var (p, q) = (user.Factors[f], item.Factors[f]);
            user.Factors[f] += rate * ((error * q) - (_l2 * p));
            item.Factors[f] += rate * ((error * p) - (_l2 * q));
        }
    }
}

/// <summary>What is learnt of one user or item.</summary>
internal sealed class FactorVector(double[] factors)
{
    public double Bias { get; set; }

    public double[] Factors => factors;
}

/// <summary>Vectors by id, at most <paramref name="capacity"/>. Their first values depend on seed and id alone, not on when they came.</summary>
internal sealed class FactorTable(int factors, int capacity, double init, ulong seed)
{
    private readonly Dictionary<string, FactorVector> _vectors = new(StringComparer.Ordinal);

    /// <summary>Ids in ordinal order, with what is learnt of them.</summary>
    public IEnumerable<KeyValuePair<string, FactorVector>> All => _vectors.OrderBy(v => v.Key, StringComparer.Ordinal);

    public int Count => _vectors.Count;

    public FactorVector? Find(string id) => _vectors.GetValueOrDefault(id);

    /// <summary>The vector of an id, new if need be; null for a missing id and when the table is full.</summary>
    public FactorVector? Take(string id)
    {
        if (_vectors.TryGetValue(id, out var vector) || id.Length == 0 || _vectors.Count >= capacity)
        {
            return vector;
        }

        vector = new FactorVector(Initial(id));
        _vectors.Add(id, vector);
        return vector;
    }

    public void Clear() => _vectors.Clear();

    public void Write(BinaryWriter writer)
    {
        writer.Write(factors);
        writer.Write(_vectors.Count);
        foreach (var (id, vector) in All)
        {
            writer.Write(id);
            writer.Write(vector.Bias);
            Array.ForEach(vector.Factors, writer.Write);
        }
    }

    /// <exception cref="InvalidDataException">The vectors have another length.</exception>
    public void Read(BinaryReader reader)
    {
        if (reader.ReadInt32() is var stored && stored != factors)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The stored vectors have {stored} factors instead of {factors}."));
        }

        _vectors.Clear();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var id = reader.ReadString();
            var bias = reader.ReadDouble();
            var vector = new FactorVector(new double[factors]) { Bias = bias };
            for (var f = 0; f < factors; f++)
            {
                vector.Factors[f] = reader.ReadDouble();
            }

            _vectors.Add(id, vector);
        }
    }

    private double[] Initial(string id)
    {
        var random = new SplitMix64(seed ^ ((ulong)FeatureHash.Of("id", id) << 32) ^ FeatureHash.Of("factor", id));
        var values = new double[factors];
        for (var f = 0; f < factors; f++)
        {
            values[f] = ((2 * random.NextUnit()) - 1) * init;
        }

        return values;
    }
}
