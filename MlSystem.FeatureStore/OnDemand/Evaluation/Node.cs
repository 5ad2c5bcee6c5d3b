namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>What an evaluation works on.</summary>
/// <param name="Columns">The inputs, and behind them the features computed so far.</param>
/// <param name="Now">The label time in training, the time of the read in serving.</param>
public sealed record Frame(int Rows, List<Vector> Columns, Vector<Moment> Now);

/// <summary>A type-checked expression that computes whole columns.</summary>
public abstract record Node(ColumnType Type)
{
    /// <summary>What it is computed from.</summary>
    public virtual IReadOnlyList<Node> Children => [];

    public abstract Vector Evaluate(Frame frame);
}

/// <summary>The same value in every row.</summary>
public sealed record ConstantNode(ColumnType Type, object? Value) : Node(Type)
{
    public override Vector Evaluate(Frame frame) => Type switch
    {
        ColumnType.Bool => Fill<bool>(frame.Rows),
        ColumnType.Int => Fill<long>(frame.Rows),
        ColumnType.Float => Fill<double>(frame.Rows),
        ColumnType.Text => Fill<string>(frame.Rows),
        ColumnType.Time => Fill<Moment>(frame.Rows),
        ColumnType.IntList => Fill<long[]>(frame.Rows),
        ColumnType.FloatList => Fill<double[]>(frame.Rows),
        ColumnType.TextList => Fill<string[]>(frame.Rows),
        _ => throw new InvalidOperationException("A null without a type."),
    };

    private Vector<T> Fill<T>(int rows)
    {
        var (values, valid) = (new T[rows], new bool[rows]);
        if (Value is T value)
        {
            Array.Fill(values, value);
            Array.Fill(valid, true);
        }

        return new Vector<T>(values, valid);
    }
}

/// <summary>An input, or a feature computed before.</summary>
public sealed record ColumnNode(ColumnType Type, int Index) : Node(Type)
{
    public override Vector Evaluate(Frame frame) => frame.Columns[Index];
}

/// <summary>The time of the read.</summary>
public sealed record NowNode() : Node(ColumnType.Time)
{
    public override Vector Evaluate(Frame frame) => frame.Now;
}

/// <summary>Whole numbers as floating ones.</summary>
public sealed record WidenNode(Node Operand) : Node(Operand.Type == ColumnType.IntList ? ColumnType.FloatList : ColumnType.Float)
{
    public override IReadOnlyList<Node> Children => [Operand];

    public override Vector Evaluate(Frame frame) => Operand.Evaluate(frame) switch
    {
        Vector<long> whole => new Vector<double>(Array.ConvertAll(whole.Values, value => (double)value), whole.Valid),
        Vector<long[]> lists => new Vector<double[]>(Array.ConvertAll(lists.Values, list => list is null ? [] : Array.ConvertAll(list, value => (double)value)), lists.Valid),
        var other => throw new InvalidOperationException($"{other.GetType()} can't be widened."),
    };
}

/// <summary>A function of its arguments' columns.</summary>
public sealed record CallNode(ColumnType Type, Kernel Kernel, IReadOnlyList<Node> Arguments) : Node(Type)
{
    public override IReadOnlyList<Node> Children => Arguments;

    public override Vector Evaluate(Frame frame)
    {
        var arguments = new Vector[Arguments.Count];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = Arguments[i].Evaluate(frame);
        }

        return Kernel(arguments, frame.Rows);
    }
}

/// <summary>Computes a column from columns; null in, null out unless the function says otherwise.</summary>
public delegate Vector Kernel(Vector[] arguments, int rows);
