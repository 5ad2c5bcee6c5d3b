using System.Globalization;
using System.Numerics;
using System.Text;
using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Graphs;

/// <summary>Votes and means over members' outputs. Weights are relative to those of the members that answered.</summary>
internal static class Combining
{
    /// <summary>The weighted mean of each element.</summary>
    public static Tensor Mean(Combination combination, List<Member> members)
    {
        var first = First(combination.Output, members);
        var mean = new Tensor(first.Info) { IsPresent = true };
        mean.Resize(first.Shape, first.Count);
        if (first.Info.Datatype == Datatype.Fp32)
        {
            Mean(mean.Values<float>(), combination, members);
        }
        else
        {
            Mean(mean.Values<double>(), combination, members);
        }

        return mean;
    }

    /// <summary>The mean of the probabilities, and for each row the class with the highest one; the earlier of equal ones.</summary>
    public static TensorScope SoftVote(GraphRun run, Combination combination, List<Member> members)
    {
        var probabilities = run.Own(Mean(combination, members));
        var outputs = new TensorScope { [combination.Output] = probabilities };
        if (combination.Classes is { } classes)
        {
            var label = run.Own(new Tensor(members[0].Outputs[StandardOutputs.Label].Info) { IsPresent = true });
            var rows = (int)probabilities.Rows;
            Span<long> shape = stackalloc long[2] { rows, 1 };
            label.Resize(shape[..label.Info.Shape.Length], rows);
            for (var row = 0; row < rows; row++)
            {
                SetLabel(label, row, classes[Best(probabilities, row, classes.Count)]);
            }

            outputs[StandardOutputs.Label] = label;
        }

        return outputs;
    }

    /// <summary>For each element the value with the largest sum of weights; of equal sums the one that an earlier member gave.</summary>
    public static Tensor HardVote(Combination combination, List<Member> members)
    {
        var first = First(combination.Output, members);
        var label = new Tensor(first.Info) { IsPresent = true };
        label.Resize(first.Shape, first.Count);
        var votes = members.ConvertAll(member => member.Outputs[combination.Output]);
        for (var i = 0; i < first.Count; i++)
        {
            var (best, most) = (0, double.NegativeInfinity);
            for (var candidate = 0; candidate < votes.Count; candidate++)
            {
                var sum = 0.0;
                for (var voter = 0; voter < votes.Count; voter++)
                {
                    sum += Element(votes[voter], i).SequenceEqual(Element(votes[candidate], i)) ? members[voter].Weight : 0;
                }

                if (sum > most)
                {
                    (best, most) = (candidate, sum);
                }
            }

            TensorCopy.Elements(votes[best], i, label, i, 1);
        }

        return label;
    }

    private static void Mean<T>(Span<T> mean, Combination combination, List<Member> members)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // In double, so that many members don't add their rounding errors.
        var sums = new double[mean.Length];
        var weights = members.Sum(member => member.Weight);
        foreach (var member in members)
        {
            var columns = combination.Columns.Count == 0 ? null : combination.Columns[member.Index];
            var values = member.Outputs[combination.Output].Values<T>();
            for (var i = 0; i < sums.Length; i++)
            {
                var source = columns is null ? i : (i / columns.Count * columns.Count) + columns[i % columns.Count];
                sums[i] += member.Weight / weights * double.CreateChecked(values[source]);
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            mean[i] = T.CreateSaturating(sums[i]);
        }
    }

    /// <summary>The first member's tensor, when all have as many elements as it has.</summary>
    private static Tensor First(string output, List<Member> members)
    {
        var first = members[0].Outputs[output];
        foreach (var other in members.Select(member => member.Outputs[output]))
        {
            if (other.Count != first.Count)
            {
                throw new InferenceException(FaultKind.ModelFailed, $"the members' '{output}' have the shapes {TensorShape.Text(first.Shape)} and {TensorShape.Text(other.Shape)}");
            }
        }

        return first;
    }

    private static int Best(Tensor probabilities, int row, int classes)
    {
        var best = 0;
        for (var c = 1; c < classes; c++)
        {
            if (NumericTensors.GetDouble(probabilities, (row * classes) + c) > NumericTensors.GetDouble(probabilities, (row * classes) + best))
            {
                best = c;
            }
        }

        return best;
    }

    private static void SetLabel(Tensor label, int row, string name)
    {
        if (label.Info.Datatype == Datatype.Bytes)
        {
            label.SetBytes(row, Encoding.UTF8.GetBytes(name));
        }
        else
        {
            NumericTensors.Set(label, row, label.Info.Datatype == Datatype.Bool ? (name == "true" ? 1L : 0L) : long.Parse(name, CultureInfo.InvariantCulture));
        }
    }

    private static ReadOnlySpan<byte> Element(Tensor tensor, int index)
    {
        var size = tensor.Info.Datatype.Size();
        return tensor.Info.Datatype == Datatype.Bytes ? tensor.GetBytes(index) : tensor.Raw.Slice(index * size, size);
    }
}
