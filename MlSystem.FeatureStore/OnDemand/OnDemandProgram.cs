using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand;

/// <summary>A column that an on-demand view's expressions use.</summary>
/// <param name="Source">A feature view, stream feature view or request source.</param>
/// <param name="IsRequest">Whether the column comes with the request.</param>
public sealed record OnDemandInput(string Source, bool IsRequest, Field Field);

/// <summary>
/// The compiled expressions of an on-demand view. The only evaluator there is: historical reads and online reads both call it,
/// so that training and serving can't compute differently.
/// </summary>
public sealed class OnDemandProgram(IReadOnlyList<OnDemandInput> inputs, IReadOnlyList<Field> features, IReadOnlyList<Node> nodes)
{
    /// <summary>The columns that <see cref="Evaluate"/> wants, in this order; only those that are used.</summary>
    public IReadOnlyList<OnDemandInput> Inputs => inputs;

    public IReadOnlyList<Field> Features => features;

    /// <summary>The columns that one feature is computed from, also by way of other features.</summary>
    public IEnumerable<OnDemandInput> InputsOf(int feature) => Indexes(nodes[feature]).SelectMany(index =>
        index < inputs.Count ? [inputs[index]] : InputsOf(index - inputs.Count)).Distinct();

    private static IEnumerable<int> Indexes(Node node) => node is ColumnNode column ? [column.Index] : node.Children.SelectMany(Indexes);

    /// <summary>Computes all features of some rows; a row depends on nothing but itself.</summary>
    /// <param name="columns">One for each of <see cref="Inputs"/>, each with one value a row.</param>
    /// <param name="nowUs">For each row the label time (training) or the time of the read (serving), in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>One column for each of <see cref="Features"/>.</returns>
    public FeatureValue[][] Evaluate(IReadOnlyList<FeatureValue[]> columns, long[] nowUs)
    {
        var rows = nowUs.Length;
        var valid = new bool[rows];
        Array.Fill(valid, true);
        var vectors = new List<Vector>(inputs.Count + features.Count);
        for (var i = 0; i < inputs.Count; i++)
        {
            vectors.Add(Columns.Read(inputs[i].Field.Datatype, columns[i]));
        }

        var frame = new Frame(rows, vectors, new Vector<Moment>(Array.ConvertAll(nowUs, us => new Moment(us)), valid));
        var results = new FeatureValue[features.Count][];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Columns.Write(features[i].Datatype, nodes[i].Evaluate(frame));

            // A later feature sees what a reader of this one would: an FP32 is rounded for it too.
            vectors.Add(Columns.Read(features[i].Datatype, results[i]));
        }

        return results;
    }
}
