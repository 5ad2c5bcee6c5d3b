using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.OnDemand.Evaluation;
using MlSystem.FeatureStore.OnDemand.Language;

namespace MlSystem.FeatureStore.OnDemand;

/// <summary>Compiles the expressions of an on-demand view against the columns of its sources.</summary>
public sealed class OnDemandCompiler
{
    private readonly IReadOnlyList<OnDemandInput> _available;
    private readonly List<OnDemandInput> _used = [];
    private readonly List<Field> _computed = [];

    private OnDemandCompiler(IReadOnlyList<OnDemandInput> available) => _available = available;

    /// <param name="available">All columns of the sources.</param>
    /// <returns>The program, or null with every mistake by the position of its feature.</returns>
    public static (OnDemandProgram? Program, IReadOnlyList<(int Feature, string Message)> Errors) Compile(
        IReadOnlyList<OnDemandFeatureDefinition> features, IReadOnlyList<OnDemandInput> available)
    {
        var errors = new List<(int, string)>();
        var compiler = new OnDemandCompiler(available);
        var expressions = new Expression?[features.Count];
        for (var i = 0; i < features.Count; i++)
        {
            try
            {
                expressions[i] = Parser.Parse(features[i].Expression);
                compiler.CollectInputs(expressions[i]!);
            }
            catch (ExpressionException error)
            {
                errors.Add((i, error.Message));
            }
        }

        var nodes = new List<Node>();
        for (var i = 0; i < features.Count; i++)
        {
            if (Datatypes.TryParse(features[i].Datatype, out var datatype))
            {
                var feature = new Field(features[i].Name, datatype);
                compiler.Bind(expressions[i], feature, nodes, mistake => errors.Add((i, mistake)));
                compiler._computed.Add(feature);
            }
        }

        return errors.Count > 0 || nodes.Count < features.Count ? (null, errors) : (new OnDemandProgram(compiler._used, compiler._computed, nodes), []);
    }

    /// <summary>Compiles one BOOL expression over plain columns.</summary>
    /// <exception cref="ExpressionException">It is none.</exception>
    public static OnDemandProgram CompileFilter(string expression, IReadOnlyList<Field> columns)
    {
        var compiler = new OnDemandCompiler([.. columns.Select(column => new OnDemandInput("", false, column))]);
        var parsed = Parser.Parse(expression);
        compiler.CollectInputs(parsed);
        var field = new Field("filter", Datatype.Bool);
        return new OnDemandProgram(compiler._used, [field], [compiler.Bind(parsed, field)]);
    }

    private void Bind(Expression? expression, Field feature, List<Node> nodes, Action<string> report)
    {
        try
        {
            if (expression is not null)
            {
                nodes.Add(Bind(expression, feature));
            }
        }
        catch (ExpressionException error)
        {
            report(error.Message);
        }
    }

    private Node Bind(Expression expression, Field feature)
    {
        var node = new Binder(Column).Bind(expression);
        var wanted = Types.Of(feature.Datatype);
        return Binder.Convert(node, wanted, () => $"The expression is {node.Type.Name()}, the feature is {feature.Datatype.Name()}; cast it with {CastTo(wanted)}.", expression.Position);
    }

    private static string CastTo(ColumnType type) => type switch
    {
        ColumnType.Bool => "bool(…)",
        ColumnType.Int => "int64(…), round(…) before it where wanted",
        ColumnType.Float => "fp64(…)",
        ColumnType.Text => "text(…)",
        ColumnType.Time => "timestamp(…)",
        _ => "nothing: lists have no casts",
    };

    /// <summary>Inputs come before computed features in a frame, so all of them must be known before anything is bound.</summary>
    private void CollectInputs(Expression expression)
    {
        switch (expression)
        {
            case ColumnReference reference when Candidates(reference) is [var input] && !_used.Contains(input):
                _used.Add(input);
                break;
            case Call call:
                foreach (var argument in call.Arguments)
                {
                    CollectInputs(argument);
                }

                break;
        }
    }

    private List<OnDemandInput> Candidates(ColumnReference reference) =>
        [.. _available.Where(input => input.Field.Name == reference.Column && (reference.Source is null || input.Source == reference.Source))];

    private ColumnNode Column(ColumnReference reference)
    {
        var computed = reference.Source is null ? _computed.FindIndex(field => field.Name == reference.Column) : -1;
        var candidates = Candidates(reference);
        if (candidates.Count + (computed < 0 ? 0 : 1) != 1)
        {
            throw new ExpressionException(reference.Position, candidates.Count == 0 ? Unknown(reference)
                : $"'{reference.Column}' is a column of {string.Join(" and ", candidates.Select(input => $"'{input.Source}'").Concat(computed < 0 ? [] : ["this view"]))}; write source.column.");
        }

        return computed >= 0 ? new ColumnNode(Types.Of(_computed[computed].Datatype), _used.Count + computed)
            : new ColumnNode(Types.Of(candidates[0].Field.Datatype), _used.IndexOf(candidates[0]));
    }

    private string Unknown(ColumnReference reference)
    {
        var name = reference.Source is null ? reference.Column : $"{reference.Source}.{reference.Column}";
        var known = _available.Select(input => input.Source.Length == 0 ? input.Field.Name : $"{input.Source}.{input.Field.Name}").Take(50);
        return $"There is no column '{name}'; known: {string.Join(' ', known)}.";
    }
}
