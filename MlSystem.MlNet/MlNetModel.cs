using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;
using MlSystem.Contracts;

namespace MlSystem.MlNet;

/// <summary>A pipeline saved by <c>mlContext.Model.Save(model, schema, path)</c>. Safe for concurrent callers; what predicts is <see cref="NewRows"/>.</summary>
public sealed class MlNetModel
{
    private readonly Lock _lock = new();
    private readonly IRowToRowMapper _mapper;
    private readonly DataViewSchema _inputSchema;
    private readonly IReadOnlyList<Output> _outputs;
    private readonly Dictionary<string, int> _inputs;

    private MlNetModel(IRowToRowMapper mapper, DataViewSchema inputSchema)
    {
        _mapper = mapper;
        _inputSchema = inputSchema;
        var (task, outputs) = OutputPlan.Of(inputSchema, mapper.OutputSchema, IsDistribution);
        if (outputs.Count == 0)
        {
            throw new MlNetModelException($"it gives no column that the protocol has a datatype for; it gives {string.Join(", ", mapper.OutputSchema.Select(column => $"{column.Name} ({column.Type})"))}");
        }

        _outputs = outputs;
        var needed = Needed([.. outputs.Select(output => output.Column)]);
        _inputs = needed.Select((column, i) => (column.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
        Signature = new ModelSignature { Task = task, Inputs = [.. needed.Select(Input)], Outputs = [.. outputs.Select(output => output.Spec)] };
    }

    /// <summary>
    /// Inputs are the columns of the saved schema that the outputs depend on (so not the label), in its order; a scalar is [-1, 1], a vector
    /// [-1, n]. Missing numbers are NaN and missing texts empty, as everywhere in ML.NET.
    /// </summary>
    public ModelSignature Signature { get; }

    /// <summary>Loads a saved pipeline.</summary>
    /// <exception cref="MlNetModelException">It is none, or can't be served.</exception>
    public static MlNetModel Load(string file)
    {
        var context = new MLContext(seed: 0);
        context.ComponentCatalog.RegisterAssembly(typeof(FastTreeBinaryTrainer).Assembly);
        context.ComponentCatalog.RegisterAssembly(typeof(LightGbmBinaryTrainer).Assembly);
        try
        {
            var transformer = context.Model.Load(file, out var schema);
            return schema is null ? throw new MlNetModelException("it was saved without its input schema: save it with mlContext.Model.Save(model, schema, path)")
                : !transformer.IsRowToRowMapper ? throw new MlNetModelException("it does not map each row by itself, so it can't answer requests")
                : new MlNetModel(transformer.GetRowToRowMapper(schema), schema);
        }
        catch (Exception error) when (error is not MlNetModelException)
        {
            throw new MlNetModelException($"ML.NET does not load it: {error.Message}", error);
        }
    }

    /// <summary>What a declared signature says of the model that is not so, in words; null when it fits.</summary>
    public string? Problem(ModelSignature declared)
    {
        var problems = Differences("input", declared.Inputs, Signature.Inputs)
            .Concat(Differences("output", declared.Outputs, Signature.Outputs))
            .Concat(Signature.Inputs.Where(input => declared.Inputs.All(other => other.Name != input.Name)).Select(input => $"the signature lacks the model's input '{input.Name}'"))
            .ToList();
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    /// <summary>Something that predicts, for one caller at a time.</summary>
    public MlNetRows NewRows()
    {
        // Binding a pipeline to a row is not documented as safe for concurrent callers; it happens once for each pooled set.
        lock (_lock)
        {
            return new MlNetRows(_mapper, new InputRow(_inputSchema, _inputs), _outputs);
        }
    }

    private static IEnumerable<string> Differences(string side, IReadOnlyList<TensorSpec> declared, IReadOnlyList<TensorSpec> model)
    {
        foreach (var spec in declared)
        {
            var own = model.FirstOrDefault(other => other.Name == spec.Name);
            if (own is null)
            {
                yield return $"the model has no {side} '{spec.Name}' ({string.Join(", ", model.Select(other => other.Name))})";
            }
            else if (own.Datatype != spec.Datatype)
            {
                yield return $"{side} '{spec.Name}' is {own.Datatype} in the model, {spec.Datatype} in the signature";
            }
            else if (!own.Shape.SequenceEqual(spec.Shape))
            {
                yield return $"{side} '{spec.Name}' has shape [{string.Join(", ", own.Shape)}] in the model, [{string.Join(", ", spec.Shape)}] in the signature";
            }
        }
    }

    private List<DataViewSchema.Column> Needed(IReadOnlyList<string> outputs)
    {
        var needed = _mapper.GetDependencies(outputs.Select(name => _mapper.OutputSchema[name])).Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        return [.. _inputSchema.Where(column => !column.IsHidden && needed.Contains(column.Name))];
    }

    private static TensorSpec Input(DataViewSchema.Column column)
    {
        var datatype = ColumnTypes.Datatype(column.Type) ?? throw new MlNetModelException($"input '{column.Name}' is {column.Type}, which the protocol has no datatype for");
        return new TensorSpec
        {
            Name = column.Name,
            Datatype = datatype,
            Shape = ColumnTypes.Shape(column.Type, isInput: true),
            Nullable = datatype is "FP32" or "FP64" or "BYTES",
        };
    }

    /// <summary>Whether the scores of an empty row are shares of one.</summary>
    private bool IsDistribution(DataViewSchema.Column scores)
    {
        if (ColumnTypes.Item(scores.Type).RawType != typeof(float))
        {
            return false;
        }

        var row = new InputRow(_inputSchema, new Dictionary<string, int>(StringComparer.Ordinal));
        row.MoveTo(0);
        using var mapped = _mapper.GetRow(row, [scores]);
        VBuffer<float> values = default;
        mapped.GetGetter<VBuffer<float>>(scores)(ref values);
        var sum = values.DenseValues().Sum();
        return values.DenseValues().All(value => value is >= 0 and <= 1) && MathF.Abs(sum - 1) < 1e-3f;
    }
}
